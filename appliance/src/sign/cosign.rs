//! Signatures of approvers inside the transaction itself, as a rule with `ledger_cosign` demands:
//! verified here, before the HSM is asked for the wallet's.

use countersign_intent::{Address, ApproverId, Intent, Principal};
use ed25519_dalek::{Signature, VerifyingKey};

use super::stages::Read;
use crate::app::App;
use crate::approvers::{Approver, Key};
use crate::certificates::issuers_of;
use crate::governance::cosigner;
use crate::policies::ActivePolicy;

/// The approvers whose own key has signed exactly the message that is to be released. Who only
/// stands among its signers, or signed other bytes, is none of them.
pub(super) fn cosigned(read: &Read, approvers: &[Approver]) -> Vec<ApproverId> {
    let signed = |approver: &&Approver| signed(read, &approver.key).is_some();
    approvers.iter().filter(signed).map(|one| one.id).collect()
}

/// Whether what stands in an approver's place of the transaction is a signature, and theirs:
/// `None` where nobody signed.
pub(super) fn verified(read: &Read, approvers: &[Approver]) -> Option<bool> {
    let signatures = approvers.iter().filter_map(|one| present(read, &one.key));
    signatures.reduce(|all, one| all && one)
}

fn signed(read: &Read, key: &Key) -> Option<()> {
    present(read, key)?.then_some(())
}

/// Whether a key's signature verifies over the message, where there is one.
fn present(read: &Read, key: &Key) -> Option<bool> {
    let Key::Ed25519(public, _) = key else {
        return None;
    };
    let decoded = read.decoded.as_ref().ok()?;
    let signature = decoded.cosignature(&Address::new(*public))?;
    if signature == [0; 64] {
        return None;
    }
    let key = VerifyingKey::from_bytes(public).ok()?;
    let signature = Signature::from_bytes(&signature);
    let verified = key.verify_strict(decoded.input.as_bytes(), &signature);
    Some(verified.is_ok())
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
    let issuers = issuers_of(app, caller);
    let issuers: Vec<Principal> = issuers.iter().filter_map(|one| one.parse().ok()).collect();
    cosigner::lacking(
        &ask.requirements,
        &policy.set,
        &app.approvers.all(),
        |one| one.is(caller.principal()) || issuers.iter().any(|issuer| one.is(issuer)),
        &intent.cosigners,
    )
}
