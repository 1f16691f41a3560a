//! The keys of a device, from a seed or given.

use ed25519_dalek::SigningKey;
use hmac::{Hmac, Mac};
use k256::elliptic_curve::PrimeField;
use k256::{FieldBytes, Scalar, SecretKey};
use sha2::Sha512;

const HARDENED: u32 = 0x8000_0000;

/// Where the keys come from.
#[derive(Clone)]
pub enum Keys {
    /// Every path has its key (SLIP-0010, BIP-32).
    Seed(Vec<u8>),
    /// One Ed25519 key, by its 32 secret bytes, at every Solana path. The key of Ethereum comes
    /// from the same bytes taken as a seed.
    Given([u8; 32]),
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// The Ed25519 key at a path whose steps are all hardened.
    pub(super) fn ed25519(&self, path: &[u32]) -> SigningKey {
        match self {
            Self::Given(secret) => SigningKey::from_bytes(secret),
            Self::Seed(seed) => {
                let mut node = split(&[b"ed25519 seed"], &[seed]);
                for step in path {
                    node = split(&[&node.1], &[&[0], &node.0, &step.to_be_bytes()]);
                }
                SigningKey::from_bytes(&node.0)
            }
        }
    }

    /// The secp256k1 key at a path. `None` for the one seed in 2¹²⁷ that has none.
    pub(super) fn secp256k1(&self, path: &[u32]) -> Option<SecretKey> {
        let seed: &[u8] = match self {
            Self::Seed(seed) => seed,
            Self::Given(secret) => secret,
        };
        let (secret, mut chain) = split(&[b"Bitcoin seed"], &[seed]);
        let mut key = SecretKey::from_bytes(&FieldBytes::from(secret)).ok()?;
        for step in path {
            let step_bytes = step.to_be_bytes();
            let (tweak, next) = if step & HARDENED == 0 {
                let public = key.public_key();
                let point = k256::EncodedPoint::from(public).compress();
                split(&[&chain], &[point.as_bytes(), &step_bytes])
            } else {
                split(&[&chain], &[&[0], &key.to_bytes(), &step_bytes])
            };
            let tweak = Option::<Scalar>::from(Scalar::from_repr(FieldBytes::from(tweak)))?;
            let sum = *key.to_nonzero_scalar() + tweak;
            key = SecretKey::from_bytes(&sum.to_repr()).ok()?;
            chain = next;
        }
        Some(key)
    }
}

/// HMAC-SHA512 in its two halves: a key and a chain code.
fn split(key: &[&[u8]], data: &[&[u8]]) -> ([u8; 32], [u8; 32]) {
    let mut halves = ([0; 32], [0; 32]);
    // HMAC takes keys of any length.
    if let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(&key.concat()) {
        for part in data {
            mac.update(part);
        }
        let bytes = mac.finalize().into_bytes();
        for (to, from) in halves.0.iter_mut().chain(&mut halves.1).zip(bytes) {
            *to = from;
        }
    }
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SLIP-0010, test vector 1 for ed25519, and BIP-32 test vector 1.
    #[test]
    fn keys_are_those_of_the_published_vectors() {
        let seed: Vec<u8> = (0..16).collect();
        let keys = Keys::Seed(seed);
        let public = |path: &[u32]| bs58::encode(keys.ed25519(path).verifying_key()).into_string();
        let expected = |text: &str| hex::decode(text).unwrap();
        assert_eq!(
            public(&[]),
            bs58::encode(expected(
                "a4b2856bfec510abab89753fac1ac0e1112364e7d250545963f135f2a33188ed"
            ))
            .into_string()
        );
        assert_eq!(
            public(&[HARDENED, HARDENED | 1]),
            bs58::encode(expected(
                "1932a5270f335bed617d5b935c80aedb1a35bd9fc1e31acafd5372c30f5c1187"
            ))
            .into_string()
        );
        assert_eq!(
            keys.secp256k1(&[HARDENED, 1]).unwrap().to_bytes().to_vec(),
            expected("3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368")
        );
    }
}
