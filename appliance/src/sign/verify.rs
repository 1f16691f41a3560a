//! Whether signatures may leave: verified in software, under the public keys that are known.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use countersign_hsm::{KeyType, PublicKey, Signature};
use ed25519_dalek::{VerifyingKey, verify_batch};

/// Below this many, one after the other costs no more.
const WORTH_IT: usize = 3;

/// A signature, what it is said to sign, and under which key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) public: &'a PublicKey,
    pub(super) message: &'a [u8],
    pub(super) signature: &'a Signature,
}

/// Whether a signature may leave. Ed25519 goes through the TLS library's assembly, which
/// costs less CPU time than ours.
#[must_use]
pub fn verifies(public: &PublicKey, message: &[u8], signature: &Signature) -> bool {
    match public.key_type() {
        KeyType::Ed25519 => UnparsedPublicKey::new(&ED25519, public.bytes())
            .verify(message, signature.as_bytes())
            .is_ok(),
        KeyType::P256 | KeyType::Secp256k1 => countersign_hsm::verifies(public, message, signature),
    }
}

/// Which claims are true. Several Ed25519 signatures are verified by one equation, at half the
/// cost; only if that does not hold is each looked at by itself.
pub(super) fn verify_all(claims: &[Claim<'_>]) -> Vec<bool> {
    if claims.len() >= WORTH_IT && all_hold(claims) == Some(true) {
        return vec![true; claims.len()];
    }
    claims
        .iter()
        .map(|claim| verifies(claim.public, claim.message, claim.signature))
        .collect()
}

/// Whether all are true, by `ed25519-dalek`'s one equation over all of them (RFC 8032, section
/// 8.2). A false signature passes with a chance of 2^-128, unless its maker knew the key and
/// added a point of small order: that one is good for nothing and tells nothing. Anything but
/// `Some(true)` says nothing about a single claim.
fn all_hold(claims: &[Claim<'_>]) -> Option<bool> {
    let mut messages = Vec::with_capacity(claims.len());
    let mut signatures = Vec::with_capacity(claims.len());
    let mut keys = Vec::with_capacity(claims.len());
    for claim in claims {
        if claim.public.key_type() != KeyType::Ed25519 {
            return None;
        }
        messages.push(claim.message);
        signatures.push(ed25519_dalek::Signature::from_bytes(
            claim.signature.as_bytes(),
        ));
        keys.push(VerifyingKey::try_from(claim.public.bytes()).ok()?);
    }
    Some(verify_batch(&messages, &signatures, &keys).is_ok())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const MOST: usize = 16;

    fn made(count: usize) -> Vec<(PublicKey, Vec<u8>, Signature)> {
        (0..count)
            .map(|number| {
                let seed = u8::try_from(number).unwrap();
                let key = SigningKey::from_bytes(&[seed / 2; 32]);
                let message = vec![seed; 100 + number];
                let public = key.verifying_key().to_bytes().to_vec();
                let signature = Signature::from_bytes(key.sign(&message).to_bytes());
                let public = PublicKey::new(KeyType::Ed25519, public).unwrap();
                (public, message, signature)
            })
            .collect()
    }

    fn judged(made: &[(PublicKey, Vec<u8>, Signature)]) -> Vec<bool> {
        let claims: Vec<_> = made
            .iter()
            .map(|(public, message, signature)| Claim {
                public,
                message,
                signature,
            })
            .collect();
        verify_all(&claims)
    }

    #[test]
    fn good_signatures_pass_however_many() {
        for count in 0..=MOST {
            assert_eq!(judged(&made(count)), vec![true; count]);
        }
    }

    #[test]
    fn one_that_is_false_is_found_among_those_that_are_good() {
        for count in 1..=MOST {
            for wrong in 0..count {
                for fault in 0..4 {
                    let mut made = made(count);
                    let (public, message, signature) = &mut made[wrong];
                    match fault {
                        0 => message[0] ^= 1,
                        1 => *signature = flipped(signature, 3),
                        2 => *signature = flipped(signature, 40),
                        _ => {
                            let other = SigningKey::from_bytes(&[99; 32]).verifying_key();
                            let bytes = other.to_bytes().to_vec();
                            *public = PublicKey::new(KeyType::Ed25519, bytes).unwrap();
                        }
                    }
                    let expected: Vec<bool> = (0..count).map(|place| place != wrong).collect();
                    assert_eq!(judged(&made), expected, "{wrong} of {count}, fault {fault}");
                }
            }
        }
    }

    #[test]
    fn signatures_that_are_swapped_are_both_false() {
        // The first two are by the same key.
        for (one, other) in [(0, 1), (1, 3)] {
            let mut made = made(4);
            let kept = made[one].2;
            made[one].2 = std::mem::replace(&mut made[other].2, kept);
            let expected: Vec<bool> = (0..4).map(|at| at != one && at != other).collect();
            assert_eq!(judged(&made), expected);
        }
    }

    fn flipped(signature: &Signature, byte: usize) -> Signature {
        let mut bytes = *signature.as_bytes();
        bytes[byte] ^= 1;
        Signature::from_bytes(bytes)
    }
}
