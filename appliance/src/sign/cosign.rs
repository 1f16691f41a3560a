//! Signatures of approvers inside what is to be signed, verified before the HSM is asked for the
//! wallet's: they count where a rule with `ledger_cosign` demands them.

use countersign_intent::{Account, Address, ApproverId, Intent, Principal};

use super::stages::Read;
use crate::app::App;
use crate::approvers::{Approver, Key};
use crate::certificates::issuers_of;
use crate::governance::cosigner;
use crate::policies::ActivePolicy;

/// The approvers whose own key has signed exactly the message that is to be released. Who only
/// stands among its signers, or signed other bytes, is none of them.
pub(super) fn cosigned(read: &Read, approvers: &[Approver]) -> Vec<ApproverId> {
    let signed = |approver: &&Approver| present(read, &approver.key) == Some(true);
    approvers.iter().filter(signed).map(|one| one.id).collect()
}

/// Whether what stands in an approver's place of the transaction is a signature, and theirs:
/// `None` where nobody signed.
pub(super) fn verified(read: &Read, approvers: &[Approver]) -> Option<bool> {
    let signatures = approvers.iter().filter_map(|one| present(read, &one.key));
    signatures.reduce(|all, one| all && one)
}

/// Whether a key's signature came along and verifies over the message.
fn present(read: &Read, key: &Key) -> Option<bool> {
    let Key::Ed25519(public, _) = key else {
        return None;
    };
    let signer = Account::from(Address::new(*public));
    let understood = read.understood.as_ref().ok()?;
    let mut cosigned = understood.cosigned.iter();
    cosigned
        .find(|(by, _)| *by == signer)
        .map(|(_, verifies)| *verifies)
}

/// Why people could agree to a request and it could never be released: nobody who counts signs its
/// message.
pub(super) fn never(
    app: &App,
    read: &Read,
    policy: &ActivePolicy,
    intent: &Intent,
    ask: &countersign_policy::Ask,
) -> Option<String> {
    let caller = &read.resolved.asked.caller;
    let issuers = issuers_of(&app.register, caller);
    let issuers: Vec<Principal> = issuers.iter().filter_map(|one| one.parse().ok()).collect();
    cosigner::lacking(
        &ask.requirements,
        &policy.set,
        &app.approvers.all(),
        |one| one.is(caller.principal()) || issuers.iter().any(|issuer| one.is(issuer)),
        intent.cosigners(),
    )
}
