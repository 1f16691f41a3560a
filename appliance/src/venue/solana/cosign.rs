//! Signatures of others inside the transaction itself, verified before the HSM is asked for the
//! wallet's: nobody's may be wrong.

use countersign_api::ErrorCode;
use countersign_decode::solana::Decoded;
use countersign_intent::Account;
use countersign_intent::solana::Address;
use ed25519_dalek::{Signature, VerifyingKey};

use crate::venue::Refusal;

/// Who of the other signers has signed, and whether their signature verifies. A place that is still
/// empty is nobody's.
pub(super) fn cosigned(decoded: &Decoded) -> Vec<(Account, bool)> {
    let cosigners = decoded.intent.cosigners().iter();
    let signed = |one: &Account| Some((*one, verifies(decoded, &one.solana()?)?));
    cosigners.filter_map(signed).collect()
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

/// The refusal of a transaction that carries a signature of another signer that does not verify: the
/// chain would refuse it whole.
pub(super) fn wrong(cosigned: &[(Account, bool)]) -> Option<Refusal> {
    let (signer, _) = cosigned.iter().find(|(_, verifies)| !verifies)?;
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
