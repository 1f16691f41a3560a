//! Private keys of the simulator.

use aws_lc_rs::signature::Ed25519KeyPair;
use k256::ecdsa::signature::hazmat::PrehashSigner;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::key::{KeyType, PublicKey, Signature};
use crate::software::public_of;

enum Secret {
    Ed25519(Ed25519KeyPair),
    P256(p256::ecdsa::SigningKey),
    Secp256k1(k256::ecdsa::SigningKey),
}

/// A private key ready to sign, with its public key.
pub(super) struct Signer {
    pub(super) public: PublicKey,
    secret: Secret,
}

impl Signer {
    pub(super) fn new(key_type: KeyType, private: &Zeroizing<[u8; 32]>) -> Result<Self, Error> {
        let public = public_of(key_type, private)?;
        let bytes = private.as_slice();
        let secret = match key_type {
            KeyType::Ed25519 => Ed25519KeyPair::from_seed_unchecked(bytes)
                .map(Secret::Ed25519)
                .ok(),
            KeyType::P256 => p256::ecdsa::SigningKey::from_slice(bytes)
                .map(Secret::P256)
                .ok(),
            KeyType::Secp256k1 => k256::ecdsa::SigningKey::from_slice(bytes)
                .map(Secret::Secp256k1)
                .ok(),
        };
        let secret = secret.ok_or_else(|| failed("loading a key"))?;
        Ok(Self { public, secret })
    }

    /// Signs the message or digest. About 10 us for Ed25519 in a release build. Like a real
    /// token, secp256k1 answers a high `s` about half of the time.
    pub(super) fn sign(&self, input: &[u8]) -> Result<Signature, Error> {
        let bytes: Option<[u8; 64]> = match &self.secret {
            Secret::Ed25519(key) => key.sign(input).as_ref().try_into().ok(),
            Secret::P256(key) => key
                .sign_prehash(input)
                .ok()
                .map(|signature: p256::ecdsa::Signature| signature.to_bytes().into()),
            Secret::Secp256k1(key) => secp256k1(key, input),
        };
        bytes
            .map(Signature::from_bytes)
            .ok_or_else(|| failed("signing"))
    }
}

fn secp256k1(key: &k256::ecdsa::SigningKey, digest: &[u8]) -> Option<[u8; 64]> {
    let low: k256::ecdsa::Signature = key.sign_prehash(digest).ok()?;
    let (r, s) = low.split_scalars();
    let odd = digest.first().is_some_and(|byte| byte % 2 == 1);
    let given = if odd {
        k256::ecdsa::Signature::from_scalars(*r, -*s).ok()?
    } else {
        low
    };
    Some(given.to_bytes().into())
}

fn failed(doing: &'static str) -> Error {
    Error::broken(
        doing,
        "the simulator's cryptography failed",
        "this is a bug in the simulator",
    )
}
