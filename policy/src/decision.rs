//! What a decision can be.

use std::fmt;
use std::sync::Arc;

use countersign_intent::Timestamp;

use crate::limit::LimitKey;
use crate::rule::Requirement;

/// The outcome for a whole request: the strictest over its effects and limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be signed, once what the permit reserves is durably recorded.
    Allow(Permit),
    /// It may not be signed.
    Deny(Denial),
    /// It may be signed once these people agree.
    NeedApproval(Ask),
}

/// What to count under a key when the request is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Which window.
    pub key: LimitKey,
    /// Base units, micro-dollars, or 1 for a limit on counts.
    pub amount: u128,
}

/// Evidence that policy permitted one intent. Only [`crate::decide()`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permit {
    pub(crate) rules: Vec<Arc<str>>,
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) policy_hash: [u8; 32],
    pub(crate) approved_intent: Option<[u8; 32]>,
}

impl Permit {
    /// Names of the rules that permitted it, in the order of the file.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(AsRef::as_ref)
    }

    /// What has to be counted before anything is signed.
    #[must_use]
    pub fn reservations(&self) -> &[Reservation] {
        &self.reservations
    }

    /// The policy it was judged under.
    #[must_use]
    pub const fn policy_hash(&self) -> &[u8; 32] {
        &self.policy_hash
    }

    /// Digest of the intent whose approvals it rests on, if it rests on approvals. They must be
    /// recorded as used up together with what it reserves.
    #[must_use]
    pub const fn approved_intent(&self) -> Option<&[u8; 32]> {
        self.approved_intent.as_ref()
    }
}

/// The stable code of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonCode {
    /// A rule denies it, or none permits it.
    PolicyDenied,
    /// It would overspend a limit.
    LimitExceeded,
}

impl ReasonCode {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PolicyDenied => "policy_denied",
            Self::LimitExceeded => "limit_exceeded",
        }
    }
}

/// One reason of a denial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Its code.
    pub code: ReasonCode,
    /// The rule or limit that made it, if one did.
    pub rule: Option<Box<str>>,
    /// Index of the effect it is about, if it is about one.
    pub effect: Option<usize>,
    /// What a person reads: the rule or limit and the numbers.
    pub message: String,
    /// When time alone heals it, if it does.
    pub retry_after: Option<Timestamp>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Every reason why a request may not be signed; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The reasons.
    pub reasons: Vec<Reason>,
}

impl Denial {
    /// The code of the whole: [`ReasonCode::LimitExceeded`] if nothing but limits stands
    /// against it.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        let only_limits = !self.reasons.is_empty()
            && self
                .reasons
                .iter()
                .all(|reason| reason.code == ReasonCode::LimitExceeded);
        if only_limits {
            ReasonCode::LimitExceeded
        } else {
            ReasonCode::PolicyDenied
        }
    }

    /// When the same request would no longer be denied for these reasons, if time heals them all.
    #[must_use]
    pub fn retry_after(&self) -> Option<Timestamp> {
        self.reasons
            .iter()
            .map(|reason| reason.retry_after)
            .try_fold(None, |latest, at| at.map(|at| Some(at).max(latest)))
            .flatten()
    }
}

/// What has to be approved before the request may be signed; every requirement must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The requirements, of which there is at least one.
    pub requirements: Vec<Requirement>,
    /// Why approvals that are present do not suffice yet; empty if there are none.
    pub unmet: Vec<String>,
    /// The policy it was judged under.
    pub policy_hash: [u8; 32],
    /// What the approvals must bind to.
    pub intent_digest: [u8; 32],
}
