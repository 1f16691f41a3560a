//! Whether signatures may leave: verified in software, under the public keys that are known.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use countersign_hsm::{KeyType, PublicKey, Signature as Made, recoverable};
use countersign_intent::Signature;
use ed25519_dalek::{VerifyingKey, verify_batch};

/// Below this many, one after the other costs no more.
const WORTH_IT: usize = 3;

/// What a device answered, what it is said to sign, and under which key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) public: &'a PublicKey,
    /// What the device was handed.
    pub(super) input: &'a [u8],
    pub(super) made: &'a Made,
}

impl Claim<'_> {
    /// The signature, if it is the key's over this. Ed25519 goes through the TLS library's assembly,
    /// which costs less CPU time than ours.
    fn verified(&self) -> Option<Signature> {
        let bytes = self.made.as_bytes();
        match self.public.key_type() {
            KeyType::Ed25519 => UnparsedPublicKey::new(&ED25519, self.public.bytes())
                .verify(self.input, bytes)
                .map(|()| Signature::Ed25519(*bytes))
                .ok(),
            KeyType::Secp256k1 => {
                let digest = self.input.try_into().ok()?;
                let (scalars, recovery) = recoverable(self.public, digest, self.made)?;
                Some(Signature::Recoverable { scalars, recovery })
            }
            // No wallet has such a key.
            KeyType::P256 => None,
        }
    }
}

/// Whether a signature that was stored is the key's over this.
#[must_use]
pub fn verifies(public: &PublicKey, input: &[u8], signature: &Signature) -> bool {
    let (Signature::Ed25519(bytes) | Signature::Recoverable { scalars: bytes, .. }) = signature;
    let made = &Made::from_bytes(*bytes);
    let claim = Claim {
        public,
        input,
        made,
    };
    claim.verified().as_ref() == Some(signature)
}

/// The signatures whose claims are true. Several of Ed25519 are verified by one equation, at half the
/// cost; only if that does not hold is each looked at by itself.
pub(super) fn verify_all(claims: &[Claim<'_>]) -> Vec<Option<Signature>> {
    if claims.len() >= WORTH_IT && all_hold(claims) == Some(true) {
        let all = claims.iter();
        return all
            .map(|claim| Some(Signature::Ed25519(*claim.made.as_bytes())))
            .collect();
    }
    claims.iter().map(Claim::verified).collect()
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
        messages.push(claim.input);
        signatures.push(ed25519_dalek::Signature::from_bytes(claim.made.as_bytes()));
        keys.push(VerifyingKey::try_from(claim.public.bytes()).ok()?);
    }
    Some(verify_batch(&messages, &signatures, &keys).is_ok())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    const MOST: usize = 16;

    fn made(count: usize) -> Vec<(PublicKey, Vec<u8>, Made)> {
        (0..count)
            .map(|number| {
                let seed = u8::try_from(number).unwrap();
                let key = SigningKey::from_bytes(&[seed / 2; 32]);
                let message = vec![seed; 100 + number];
                let public = key.verifying_key().to_bytes().to_vec();
                let signature = Made::from_bytes(key.sign(&message).to_bytes());
                let public = PublicKey::new(KeyType::Ed25519, public).unwrap();
                (public, message, signature)
            })
            .collect()
    }

    fn judged(made: &[(PublicKey, Vec<u8>, Made)]) -> Vec<bool> {
        let claims: Vec<_> = made
            .iter()
            .map(|(public, input, made)| Claim {
                public,
                input,
                made,
            })
            .collect();
        let verified = verify_all(&claims);
        let stored = claims.iter().zip(&verified).all(|(claim, signature)| {
            signature.is_none_or(|one| verifies(claim.public, claim.input, &one))
        });
        assert!(stored);
        verified.iter().map(Option::is_some).collect()
    }

    #[test]
    fn of_ecdsa_the_low_s_leaves_with_the_point_that_gives_the_key() {
        let key = k256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let public = PublicKey::new(KeyType::Secp256k1, point.as_bytes().to_vec()).unwrap();
        for digest in [[1_u8; 32], [2; 32], [3; 32], [4; 32]] {
            let (low, recovery) = key.sign_prehash_recoverable(&digest).unwrap();
            let (r, s) = low.split_scalars();
            let high = k256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
            for given in [low, high] {
                let made = Made::from_bytes(given.to_bytes().into());
                let claim = Claim {
                    public: &public,
                    input: &digest,
                    made: &made,
                };
                let signature = Signature::Recoverable {
                    scalars: low.to_bytes().into(),
                    recovery: recovery.to_byte(),
                };
                assert_eq!(verify_all(&[claim]), [Some(signature)]);
                assert!(verifies(&public, &digest, &signature));
                assert!(!verifies(&public, &[9; 32], &signature));
                let other = Signature::Recoverable {
                    scalars: low.to_bytes().into(),
                    recovery: recovery.to_byte() ^ 1,
                };
                assert!(!verifies(&public, &digest, &other));
            }
        }
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

    fn flipped(signature: &Made, byte: usize) -> Made {
        let mut bytes = *signature.as_bytes();
        bytes[byte] ^= 1;
        Made::from_bytes(bytes)
    }
}
