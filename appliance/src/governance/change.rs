//! A governed change: what it is, how it reads, and whom it asks.

use countersign_intent::{Principal, RequestId, Span, Timestamp};
use countersign_policy::approval::text::{Frame, of_change};
use countersign_policy::diff::{Change as Difference, compare};
use countersign_policy::{PolicySet, Requirement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::GovernError;
use super::ask::{Ask, Standing, issuers};
use crate::app::App;
use crate::approvers::Scheme;
use crate::freezes::Scope;
use crate::http::convert::policy_hash;
use crate::policies::ActivePolicy;
use crate::records::{Kind, Record, Stored};
use crate::registrations::Registered;
use crate::venues::VenueRecord;
use crate::wallets::LimitRecord;

/// The group that agrees to changes.
pub const GROUP: &str = "change";

/// How long people have once the time lock of a change is over.
pub const OPEN_FOR: Span = Span::from_secs(7 * 24 * 3_600);

/// What is to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A policy that is not proven to tighten the active one.
    Policy {
        /// Its name.
        name: String,
        /// The whole file.
        text: String,
    },
    /// A new approver, or a new key of one.
    ApproverAdd {
        /// The name that groups list.
        name: String,
        /// How the key signs.
        scheme: Scheme,
        /// The key.
        public_key: String,
        /// The operator who is the same person.
        operator: Option<String>,
    },
    /// An approver less.
    ApproverRemove {
        /// `apr_…`
        id: String,
        /// Their name.
        name: String,
    },
    /// The end of a freeze.
    Unfreeze {
        /// What is frozen.
        scope: Scope,
        /// When it was frozen, microseconds since the Unix epoch: another freeze of the same
        /// scope is another question.
        since: i64,
        /// Why.
        reason: Option<String>,
    },
    /// The end of a principal's block.
    Unblock {
        /// Role and name.
        principal: String,
        /// When it was blocked, microseconds since the Unix epoch: another block is another
        /// question.
        since: i64,
        /// Why.
        reason: Option<String>,
    },
    /// A certificate for an operator.
    Certificate {
        /// Name of the operator.
        name: String,
        /// PEM of the PKCS#10 request.
        csr: String,
        /// Lifetime in microseconds; the configured one unless told.
        lifetime: Option<u64>,
    },
    /// An account or market that no message explains.
    RegistrationAdd {
        /// What it is.
        registered: Registered,
    },
    /// A wallet's own limits loosened.
    WalletLimits {
        /// `wal_…`
        wallet: String,
        /// Those it had when this was asked: others since are another question.
        was: Vec<LimitRecord>,
        /// Those it is to have.
        to: Vec<LimitRecord>,
    },
    /// An entry of the registry of venues.
    Venue {
        /// As it was when this was asked; `None` for a new one.
        was: Option<Box<VenueRecord>>,
        /// As it is to be.
        to: Box<VenueRecord>,
    },
    /// Another secret for an operator's one-time codes.
    SecondFactor {
        /// Name of the operator.
        operator: String,
    },
}

impl What {
    /// The word on the wire.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Policy { .. } => "policy",
            Self::ApproverAdd { .. } => "approver_add",
            Self::ApproverRemove { .. } => "approver_remove",
            Self::Unfreeze { .. } => "unfreeze",
            Self::Unblock { .. } => "unblock",
            Self::Certificate { .. } => "certificate",
            Self::RegistrationAdd { .. } => "registration_add",
            Self::WalletLimits { .. } => "wallet_limits",
            Self::Venue { .. } => "venue",
            Self::SecondFactor { .. } => "second_factor",
        }
    }

    /// SHA-256 over everything it says.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new_with_prefix(b"countersign/change/v1\0");
        hasher.update(serde_json::to_vec(self).unwrap_or_default());
        hasher.finalize().into()
    }

    /// Whether the group's delay applies. Taking power away and lifting a freeze restore what
    /// was agreed to before: they wait for people, not for time.
    const fn waits(&self) -> bool {
        match self {
            Self::Policy { .. }
            | Self::ApproverAdd { .. }
            | Self::Certificate { .. }
            | Self::RegistrationAdd { .. }
            | Self::WalletLimits { .. }
            | Self::SecondFactor { .. } => true,
            Self::Venue { to, .. } => !to.removed,
            Self::ApproverRemove { .. } | Self::Unfreeze { .. } | Self::Unblock { .. } => false,
        }
    }

    /// What the policy demands for it.
    ///
    /// # Errors
    /// A policy that names nobody to ask.
    pub fn requirement(&self, set: &PolicySet) -> Result<Requirement, String> {
        let nobody = || {
            format!(
                "the active policy has no group `{GROUP}` with a quorum, so nobody can agree to \
                 this; it can only be tightened"
            )
        };
        let group = set.group(GROUP).ok_or_else(nobody)?;
        let quorum = group.quorum().ok_or_else(nobody)?;
        let delay = group.delay().unwrap_or(Span::ZERO);
        let time_lock = if self.waits() { delay } else { Span::ZERO };
        Ok(Requirement {
            group: GROUP.into(),
            quorum,
            time_lock,
            expires: Span::from_micros(time_lock.micros().saturating_add(OPEN_FOR.micros())),
            ledger_cosign: false,
            rule: GROUP.into(),
        })
    }

    /// It in words, what matters first; a line each.
    #[must_use]
    pub fn summary(&self, active: &PolicySet) -> Vec<String> {
        match self {
            Self::Policy { name, text } => policy_summary(name, text, active),
            Self::ApproverAdd {
                name,
                scheme,
                public_key,
                operator,
            } => {
                let mut lines = vec![
                    format!("Enrol approver {name}"),
                    format!("with {public_key}"),
                    scheme.as_str().to_owned(),
                ];
                lines.extend(
                    operator
                        .iter()
                        .map(|name| format!("who is operator {name}")),
                );
                lines
            }
            Self::ApproverRemove { id, name } => {
                vec![format!("Remove approver {name}"), id.clone()]
            }
            Self::Unfreeze {
                scope,
                since,
                reason,
            } => {
                let since = Timestamp::from_micros(*since);
                let mut lines = vec![format!("Unfreeze {scope}"), format!("frozen {since}")];
                lines.extend(reason.iter().map(|why| format!("because {why}")));
                lines
            }
            Self::Unblock {
                principal,
                since,
                reason,
            } => {
                let since = Timestamp::from_micros(*since);
                let mut lines = vec![format!("Unblock {principal}"), format!("blocked {since}")];
                lines.extend(reason.iter().map(|why| format!("because {why}")));
                lines
            }
            Self::Certificate {
                name,
                csr,
                lifetime,
            } => {
                let mut lines = vec![
                    format!("Certify operator {name}"),
                    format!("csr sha256 {}", hex::encode(Sha256::digest(csr))),
                ];
                let lifetime = lifetime.map(Span::from_micros);
                lines.extend(lifetime.map(|span| format!("valid for {span}")));
                lines
            }
            Self::RegistrationAdd { registered } => registered.summary(),
            Self::WalletLimits { wallet, was, to } => {
                super::wallet_limits::summary(wallet, was, to)
            }
            Self::Venue { was, to } => super::venue::summary(was.as_deref(), to),
            Self::SecondFactor { operator } => vec![
                format!("New second factor for operator {operator}"),
                "which they can have shown once".to_owned(),
            ],
        }
    }
}

/// What is looser in words, under a hash over it and both policies.
fn policy_summary(name: &str, text: &str, active: &PolicySet) -> Vec<String> {
    let reasons = match countersign_policy::parse(text).map(|new| compare(active, &new)) {
        Ok(Difference::Loosening(reasons)) => reasons,
        Ok(Difference::Tightening) => vec!["only tightens".to_owned()],
        Err(_) => vec!["is not valid any more".to_owned()],
    };
    let mut hasher = Sha256::new_with_prefix(b"countersign/diff/v1\0");
    for part in [active.text(), text]
        .into_iter()
        .chain(reasons.iter().map(String::as_str))
    {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut lines = vec![
        format!("Change policy to {name}"),
        format!("sha256 {}", policy_hash(text)),
        format!("diff {}", hex::encode(hasher.finalize())),
    ];
    lines.extend(reasons);
    lines
}

/// A change as recorded; it is never rewritten but for its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRecord {
    /// What is to change.
    pub what: What,
    /// Who asked.
    pub asker: String,
    /// Whose word the certificate rests on that they came with; rows of earlier versions do not
    /// say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuers: Option<Vec<String>>,
    /// Microseconds since the Unix epoch.
    pub asked_at: i64,
    /// Microseconds since the Unix epoch.
    pub expires_at: i64,
    /// Index of the log entry that recorded it.
    pub log_index: u64,
    /// What it brought about, once in effect.
    pub result: Option<serde_json::Value>,
}

impl Record for ChangeRecord {
    const KIND: Kind = Kind::Change;
}

/// Changes wait under numbers that the ledger never reaches.
const OWN_NUMBERS: u8 = 0x80;

/// Whether an identifier is that of a change.
#[must_use]
pub fn is_change(id: RequestId) -> bool {
    id.as_bytes()
        .first()
        .is_some_and(|first| first & OWN_NUMBERS != 0)
}

/// The identifier of a change, made of random bytes.
#[must_use]
pub(super) fn change_id(mut random: [u8; 16]) -> RequestId {
    if let Some(first) = random.first_mut() {
        *first |= OWN_NUMBERS;
    }
    RequestId::from_bytes(random)
}

/// Reads a change as an ask.
pub(super) async fn read(app: &App, id: RequestId) -> Result<Option<Ask>, GovernError> {
    let stored = app.records.get::<ChangeRecord>(*id.as_bytes()).await?;
    stored.map(|stored| ask(app, &stored)).transpose()
}

/// A recorded change as an ask.
///
/// # Errors
/// An asker that is no principal.
pub fn ask(app: &App, stored: &Stored<ChangeRecord>) -> Result<Ask, GovernError> {
    let record = &stored.record;
    let id = RequestId::from_bytes(stored.id);
    let asker: Principal = record
        .asker
        .parse()
        .map_err(|_| GovernError::Unreadable(id.to_string()))?;
    let mut ask = Ask {
        id,
        kind: record.what.kind(),
        wallet: None,
        issuers: issuers(app, &asker, record.issuers.as_deref()),
        asker,
        asked_at: Timestamp::from_micros(record.asked_at),
        expires_at: Timestamp::from_micros(record.expires_at),
        log_index: record.log_index,
        digest: record.what.digest(),
        standing: Err("no policy is active".to_owned()),
    };
    if let Some(policy) = app.policies.active() {
        ask.standing = stand(app, &ask, &record.what, policy);
    }
    Ok(ask)
}

fn stand(
    app: &App,
    ask: &Ask,
    what: &What,
    policy: std::sync::Arc<ActivePolicy>,
) -> Result<Standing, String> {
    let requirement = what.requirement(&policy.set)?;
    let frame = Frame {
        appliance: &app.config.trust_domain,
        request: ask.id,
        asker: &ask.asker,
        policy_version: policy.version,
        policy: &policy.set,
        expires_at: ask.expires_at,
    };
    let text = of_change(&what.summary(&policy.set), &ask.digest, &frame)
        .map_err(|error| error.to_string())?;
    Ok(Standing {
        requirements: vec![requirement],
        text,
        policy,
    })
}
