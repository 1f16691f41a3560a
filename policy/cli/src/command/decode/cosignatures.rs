//! Signatures of other signers that came along in a transaction.

use countersign_decode::solana::Decoded;
use countersign_intent::Address;
use ed25519_dalek::{Signature, VerifyingKey};

use super::{value, words};
use crate::failure::Failure;

/// Refuses a transaction with a signature that does not verify, as the appliance does: the chain
/// would refuse it whole. A place that is still empty is nobody's mistake.
///
/// # Errors
/// Whose signature it is.
pub(super) fn check(decoded: &Decoded) -> Result<(), Failure> {
    let cosigners = decoded.intent.cosigners().iter();
    let mut cosigners = cosigners.filter_map(|one| one.solana());
    match cosigners.find(|signer| is_wrong(decoded, signer)) {
        None => Ok(()),
        Some(signer) => Err(refused(&signer)),
    }
}

fn is_wrong(decoded: &Decoded, signer: &Address) -> bool {
    let Some(signature) = decoded.cosignature(signer) else {
        return false;
    };
    if signature == [0; 64] {
        return false;
    }
    let signature = Signature::from_bytes(&signature);
    let verified = VerifyingKey::from_bytes(signer.as_bytes())
        .and_then(|key| key.verify_strict(decoded.input.as_bytes(), &signature));
    verified.is_err()
}

fn refused(signer: &Address) -> Failure {
    let message = format!(
        "the signature of {signer} in the transaction does not verify over its message, so the \
         chain would refuse it"
    );
    let next = "have it signed again over exactly these bytes, or leave 64 zeros in its place";
    let mut failure = Failure::refused("understood, and not signed as it stands (`cosignature`)");
    failure.lines.extend(words::wrapped(&message, "  ", "    "));
    let next_line = format!("next: {next}");
    failure
        .lines
        .extend(words::wrapped(&next_line, "  ", "    "));
    failure.body = Some(value::of_wrong_signature(signer, &message, next));
    failure
}
