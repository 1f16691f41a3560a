//! Which approvals satisfy which requirement: values only, who signed what was verified before.
//! And what a person approves: the [`text`], and the exact bytes that devices sign for it.

pub mod eip55;
pub mod offchain;
pub mod personal;
pub mod text;

use countersign_intent::{Principal, Timestamp};
use sha2::{Digest, Sha256};

use crate::rule::Requirement;

/// One person's verified yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The approver's name, as groups list it.
    pub approver: Box<str>,
    /// When it came in.
    pub given_at: Timestamp,
    /// The intent that was approved.
    pub intent_digest: [u8; 32],
    /// The policy it was given under.
    pub policy_hash: [u8; 32],
    /// The members of the group it was given under, as [`roster_hash`] computes it.
    pub roster_hash: [u8; 32],
    /// Whether the approver's own key has also signed the transaction.
    pub cosigned: bool,
}

/// The open ask of a request, with the approvals given so far.
#[derive(Debug, Clone, Copy)]
pub struct Approvals<'a> {
    /// When the ask was stored: time locks and expiries run from here.
    pub asked_at: Timestamp,
    /// Who asked; never counts towards a quorum.
    pub asker: &'a Principal,
    /// Whether it was used up already.
    pub consumed: bool,
    /// What was given.
    pub given: &'a [Approval],
}

/// Hash of a group's members, whatever their order in the file.
#[must_use]
pub fn roster_hash<'a>(group: &str, approvers: impl Iterator<Item = &'a str>) -> [u8; 32] {
    let mut names: Vec<&str> = approvers.collect();
    names.sort_unstable();
    names.dedup();
    let mut hasher = Sha256::new();
    hasher.update(b"countersign/roster/v1\0");
    for name in std::iter::once(group).chain(names) {
        hasher.update((name.len() as u64).to_be_bytes());
        hasher.update(name.as_bytes());
    }
    hasher.finalize().into()
}

/// What an approval has to agree with to count.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// The group's members now.
    pub approvers: &'a [Box<str>],
    /// Their [`roster_hash`].
    pub roster_hash: [u8; 32],
    /// The policy in force.
    pub policy_hash: [u8; 32],
    /// What is to be released.
    pub intent_digest: [u8; 32],
}

/// Says whether a requirement is met at `now`.
///
/// # Errors
/// Why not, as a sentence.
pub fn check(
    requirement: &Requirement,
    binding: &Binding<'_>,
    approvals: &Approvals<'_>,
    now: Timestamp,
) -> Result<(), String> {
    let group = &requirement.group;
    if approvals.consumed {
        return Err(format!("the approval of `{group}` was used already"));
    }
    let ends = approvals.asked_at.saturating_add(requirement.expires);
    if now >= ends {
        return Err(format!("the approval of `{group}` expired at {ends}"));
    }
    let counting = members_who_count(binding, approvals, now);
    if counting.len() < usize::from(requirement.quorum) {
        let (need, have) = (requirement.quorum, counting.len());
        return Err(format!("`{group}` needs {need} approvals, {have} count"));
    }
    if requirement.ledger_cosign && !counting.iter().any(|approval| approval.cosigned) {
        return Err(format!(
            "`{group}` needs the signature of a member's device inside the transaction"
        ));
    }
    let opens = approvals.asked_at.saturating_add(requirement.time_lock);
    if now < opens {
        return Err(format!("the time lock of `{group}` holds until {opens}"));
    }
    Ok(())
}

/// One approval of each member whose approval stands; a co-signed one is preferred.
#[must_use]
pub fn members_who_count<'a>(
    binding: &Binding<'_>,
    approvals: &Approvals<'a>,
    now: Timestamp,
) -> Vec<&'a Approval> {
    let counts = |approval: &&Approval| {
        binding.approvers.contains(&approval.approver)
            && *approval.approver != *approvals.asker.name()
            && approval.intent_digest == binding.intent_digest
            && approval.policy_hash == binding.policy_hash
            && approval.roster_hash == binding.roster_hash
            && approval.given_at >= approvals.asked_at
            && approval.given_at <= now
    };
    let mut members: Vec<&Approval> = approvals.given.iter().filter(counts).collect();
    members.sort_by_key(|approval| (&approval.approver, !approval.cosigned));
    members.dedup_by_key(|approval| &approval.approver);
    members
}

#[cfg(test)]
mod tests;
