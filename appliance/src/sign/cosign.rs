//! Signatures of approvers inside the transaction itself, as a rule with `ledger_cosign` demands:
//! verified here, before the HSM is asked for the wallet's.

use countersign_intent::{Address, ApproverId};
use ed25519_dalek::{Signature, VerifyingKey};

use super::stages::Read;
use crate::approvers::{Approver, Key};

/// The approvers whose own key has signed exactly the message that is to be released. Who only
/// stands among its signers, or signed other bytes, is none of them.
pub(super) fn cosigned(read: &Read, approvers: &[Approver]) -> Vec<ApproverId> {
    let signed = |approver: &&Approver| signed(read, &approver.key).is_some();
    approvers.iter().filter(signed).map(|one| one.id).collect()
}

fn signed(read: &Read, key: &Key) -> Option<()> {
    let Key::Ed25519(public) = key else {
        return None;
    };
    let decoded = read.decoded.as_ref().ok()?;
    let signature = decoded.cosignature(&Address::new(*public))?;
    let key = VerifyingKey::from_bytes(public).ok()?;
    let signature = Signature::from_bytes(&signature);
    key.verify_strict(decoded.input.as_bytes(), &signature).ok()
}
