//! Signatures of others inside the transaction itself, verified before the HSM is asked for the
//! wallet's: those of approvers count where a rule with `ledger_cosign` demands them, and nobody's may
//! be wrong.

use countersign_api::ErrorCode;
use countersign_decode::solana::Decoded;
use countersign_intent::{Address, ApproverId, Intent, Principal};
use ed25519_dalek::{Signature, VerifyingKey};

use super::stages::{Read, Refusal};
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

/// The refusal of a transaction that carries a signature of another signer that does not verify: the
/// chain would refuse it whole. A place that is still empty is nobody's mistake.
pub(super) fn wrong_signature(decoded: &Decoded) -> Option<Refusal> {
    let cosigners = decoded.intent.cosigners().iter();
    let cosigners = cosigners.filter_map(|one| one.solana());
    let mut wrong = cosigners.filter(|signer| verifies(decoded, signer) == Some(false));
    let signer = wrong.next()?;
    Some(Refusal {
        code: ErrorCode::Undecodable,
        rule: "cosignature",
        message: format!(
            "the signature of `{signer}` in the transaction does not verify over its message, so \
             the chain would refuse it; have it signed again over exactly these bytes, or leave 64 \
             zeros in its place"
        ),
    })
}

fn signed(read: &Read, key: &Key) -> Option<()> {
    present(read, key)?.then_some(())
}

/// Whether a key's signature verifies over the message, where there is one.
fn present(read: &Read, key: &Key) -> Option<bool> {
    let Key::Ed25519(public, _) = key else {
        return None;
    };
    verifies(read.decoded.as_ref().ok()?, &Address::new(*public))
}

/// Whether the signature in a signer's place verifies, where there is one.
fn verifies(decoded: &Decoded, signer: &Address) -> Option<bool> {
    let signature = decoded.cosignature(signer)?;
    if signature == [0; 64] {
        return None;
    }
    let signature = Signature::from_bytes(&signature);
    let verified = VerifyingKey::from_bytes(signer.as_bytes())
        .and_then(|key| key.verify_strict(decoded.input.as_bytes(), &signature));
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
