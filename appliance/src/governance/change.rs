//! A governed change: what it is, how it reads, and whom it asks.

use countersign_intent::{Principal, RequestId, Span, Timestamp};
use countersign_policy::approval::text::{Frame, of_change};
use countersign_policy::{PolicySet, Requirement};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::GovernError;
use super::Governance;
use super::approver::Enrolment;
use super::ask::{Ask, Standing, issuers};
use crate::changeable::GROUP;
use crate::freezes::Scope;
use crate::policies::ActivePolicy;
use crate::records::{Kind, Record, Stored};
use crate::registrations::Registered;
use crate::venues::VenueRecord;
use crate::wallets::LimitRecord;

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
        /// What addresses are that it adds, besides receivers, as it was when this was asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
    },
    /// A new approver, or a new key of one.
    ApproverAdd {
        /// Who.
        #[serde(flatten)]
        to: Enrolment,
        /// Who has the name now, as it was when this was asked: another since is another question.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<Enrolment>,
    },
    /// An approver less.
    ApproverRemove {
        /// `apr_…`
        id: String,
        /// Their name.
        name: String,
        /// Their key; earlier versions did not write it down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        public_key: Option<String>,
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
        /// What its address is besides, as it was when this was asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        also: Vec<String>,
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

    /// Every word that [`What::kind`] answers.
    pub const KINDS: [&'static str; 10] = [
        "policy",
        "approver_add",
        "approver_remove",
        "unfreeze",
        "unblock",
        "certificate",
        "registration_add",
        "wallet_limits",
        "venue",
        "second_factor",
    ];

    /// The wallet that it is about, `wal_…`.
    #[must_use]
    pub fn wallet(&self) -> Option<&str> {
        match self {
            Self::WalletLimits { wallet, .. } => Some(wallet),
            Self::RegistrationAdd { registered, .. } => registered.wallet(),
            Self::Policy { .. }
            | Self::ApproverAdd { .. }
            | Self::ApproverRemove { .. }
            | Self::Unfreeze { .. }
            | Self::Unblock { .. }
            | Self::Certificate { .. }
            | Self::Venue { .. }
            | Self::SecondFactor { .. } => None,
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

    /// Why one operator's word is not enough for it: what is looser of a policy, else what it is.
    #[must_use]
    pub fn why(&self, active: &PolicySet) -> Vec<String> {
        let mut why = match self {
            Self::Policy { text, .. } => super::policy::loosens(text, active),
            _ => Vec::new(),
        };
        why.extend(self.summary(active));
        why
    }

    /// It in words, what matters first; a line each. Whatever decides stands in it.
    #[must_use]
    pub fn summary(&self, active: &PolicySet) -> Vec<String> {
        match self {
            Self::Policy { name, text, also } => {
                let mut lines = super::policy::summary(name, text, active);
                lines.extend_from_slice(also);
                lines
            }
            Self::ApproverAdd { to, replaces } => super::approver::summary(to, replaces.as_ref()),
            Self::ApproverRemove {
                id,
                name,
                public_key,
            } => {
                let mut lines = vec![format!("Remove approver {name}"), id.clone()];
                lines.extend(public_key.iter().map(|key| format!("with {key}")));
                lines
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
            Self::RegistrationAdd { registered, also } => {
                let mut lines = registered.summary();
                lines.extend_from_slice(also);
                lines
            }
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
pub(super) async fn read(
    governance: &Governance,
    id: RequestId,
) -> Result<Option<Ask>, GovernError> {
    let stored = governance
        .records
        .get::<ChangeRecord>(*id.as_bytes())
        .await?;
    stored.map(|stored| ask(governance, &stored)).transpose()
}

/// A recorded change as an ask.
///
/// # Errors
/// An asker that is no principal.
pub fn ask(governance: &Governance, stored: &Stored<ChangeRecord>) -> Result<Ask, GovernError> {
    unrecorded(governance, RequestId::from_bytes(stored.id), &stored.record)
}

/// The same before it is recorded.
pub(super) fn unrecorded(
    governance: &Governance,
    id: RequestId,
    record: &ChangeRecord,
) -> Result<Ask, GovernError> {
    let asker: Principal = record
        .asker
        .parse()
        .map_err(|_| GovernError::Unreadable(id.to_string()))?;
    let mut ask = Ask {
        id,
        kind: record.what.kind(),
        wallet: None,
        issuers: issuers(&governance.register, &asker, record.issuers.as_deref()),
        asker,
        asked_at: Timestamp::from_micros(record.asked_at),
        expires_at: Timestamp::from_micros(record.expires_at),
        log_index: record.log_index,
        digest: record.what.digest(),
        standing: Err("no policy is active".to_owned()),
    };
    if let Some(policy) = governance.policies.active() {
        ask.standing = stand(governance, &ask, &record.what, policy);
    }
    Ok(ask)
}

fn stand(
    governance: &Governance,
    ask: &Ask,
    what: &What,
    policy: std::sync::Arc<ActivePolicy>,
) -> Result<Standing, String> {
    let requirement = what.requirement(&policy.set)?;
    let frame = Frame {
        appliance: &governance.trust_domain,
        request: ask.id,
        asker: &ask.asker,
        policy_version: policy.version,
        policy: &policy.set,
        opens_at: ask.opens_at(std::slice::from_ref(&requirement)),
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
