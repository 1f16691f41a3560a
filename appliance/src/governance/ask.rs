//! What people are asked, whatever it is about.

use std::sync::Arc;

use countersign_intent::{Principal, RequestId, Span, Timestamp, WalletId};
use countersign_policy::Requirement;

use crate::approvers::Approver;
use crate::identity::Register;
use crate::policies::ActivePolicy;

/// A request that waits, or waited, for people.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The request.
    pub id: RequestId,
    /// `sign`, or the kind of change.
    pub kind: &'static str,
    /// The wallet that would sign.
    pub wallet: Option<WalletId>,
    /// Who asks; never counts.
    pub asker: Principal,
    /// Whose word the certificate rests on that they asked with; they do not count either.
    pub issuers: Vec<Principal>,
    /// Time locks run from here.
    pub asked_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    /// Index of the log entry that recorded it.
    pub log_index: u64,
    /// What approvals bind to.
    pub digest: [u8; 32],
    /// What the policy of now demands, or why nobody can agree to it any more.
    pub standing: Result<Standing, String>,
}

impl Ask {
    /// When the longest time lock of these is over, where there is one.
    #[must_use]
    pub fn opens_at(&self, requirements: &[Requirement]) -> Option<Timestamp> {
        opens_at(self.asked_at, requirements)
    }
}

/// When the longest time lock of an ask is over, where there is one.
#[must_use]
pub fn opens_at(asked_at: Timestamp, requirements: &[Requirement]) -> Option<Timestamp> {
    let longest = requirements.iter().map(|need| need.time_lock).max()?;
    (longest > Span::ZERO).then(|| asked_at.saturating_add(longest))
}

/// What the policy of now demands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// That policy.
    pub policy: Arc<ActivePolicy>,
    /// Every one has to be met.
    pub requirements: Vec<Requirement>,
    /// What an approver signs.
    pub text: String,
}

impl Ask {
    /// Whether an approver is the one who asks, or one on whose word the asker's certificate
    /// rests: whoever made it may hold its key.
    #[must_use]
    pub fn is_by(&self, approver: &Approver) -> bool {
        approver.is(&self.asker) || self.issuers.iter().any(|issuer| approver.is(issuer))
    }
}

/// Whose word an asker's certificate rests on, as it was recorded with what they asked. Where an
/// earlier version recorded nothing, everybody who issued any certificate of theirs.
#[must_use]
pub(super) fn issuers(
    register: &Register,
    asker: &Principal,
    recorded: Option<&[String]>,
) -> Vec<Principal> {
    match recorded {
        // `init` is nobody.
        Some(recorded) => recorded.iter().filter_map(|one| one.parse().ok()).collect(),
        None => register.issuers_of(asker),
    }
}
