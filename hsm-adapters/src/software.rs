//! The two things done without a device: checking a signature, and deriving a public key from
//! private bytes that envelope custody holds for a moment.

use ed25519_dalek::{SigningKey, VerifyingKey};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::key::{KeyType, PublicKey, Signature};

/// Whether `signature` is `public`'s over `input`: the message for Ed25519 (RFC 8032 with the
/// strict checks of small orders and non-canonical encodings), the 32-byte digest for ECDSA,
/// where a high `s` counts as valid.
#[must_use]
pub fn verifies(public: &PublicKey, input: &[u8], signature: &Signature) -> bool {
    match public.key_type() {
        KeyType::Ed25519 => ed25519(public, input, signature),
        KeyType::P256 => p256(public, input, signature),
        KeyType::Secp256k1 => secp256k1(public, input, signature),
    }
    .is_some()
}

fn ed25519(public: &PublicKey, message: &[u8], signature: &Signature) -> Option<()> {
    let key = VerifyingKey::from_bytes(public.bytes().try_into().ok()?).ok()?;
    key.verify_strict(message, &signature.as_bytes().into())
        .ok()
}

fn p256(public: &PublicKey, digest: &[u8], signature: &Signature) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(public.bytes()).ok()?;
    let signature = p256::ecdsa::Signature::from_slice(signature.as_bytes()).ok()?;
    key.verify_prehash(digest, &signature).ok()
}

fn secp256k1(public: &PublicKey, digest: &[u8], signature: &Signature) -> Option<()> {
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(public.bytes()).ok()?;
    let signature = k256::ecdsa::Signature::from_slice(signature.as_bytes()).ok()?;
    let low = signature.normalize_s().unwrap_or(signature);
    key.verify_prehash(digest, &low).ok()
}

/// `public`'s ECDSA signature on secp256k1 over a 32-byte digest as chains take it: `r || s` with `s`
/// in the lower half of the order, and which of the points that `r` stands for gives back `public` (SEC
/// 1, 4.1.6). `None` if no point does: it is not `public`'s.
#[must_use]
pub fn recoverable(
    public: &PublicKey,
    digest: &[u8; 32],
    signature: &Signature,
) -> Option<([u8; 64], u8)> {
    if public.key_type() != KeyType::Secp256k1 {
        return None;
    }
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(public.bytes()).ok()?;
    let signature = k256::ecdsa::Signature::from_slice(signature.as_bytes()).ok()?;
    let low = signature.normalize_s().unwrap_or(signature);
    let recovery = k256::ecdsa::RecoveryId::trial_recovery_from_prehash(&key, digest, &low).ok()?;
    Some((low.to_bytes().into(), recovery.to_byte()))
}

const TEXT: &[u8] = b"\xffcountersign: this key is held by the device";

/// What a key signs to show that it is there. Its first byte is no Solana message version and no
/// transaction type, and no digest of ours is made this way, so the signature is good for
/// nothing else.
pub(crate) fn challenge(key_type: KeyType) -> Vec<u8> {
    match key_type {
        KeyType::Ed25519 => TEXT.to_vec(),
        KeyType::P256 | KeyType::Secp256k1 => Sha256::digest(TEXT).to_vec(),
    }
}

/// What a key signs to show that it is there now: the fixed text of the canary, then 32 random
/// bytes. The first byte is no version of a Solana message and begins no transaction, and the text
/// is not the `\xffsolana offchain` of an off-chain message, so the signature is good for nothing
/// else.
#[must_use]
pub fn possession_challenge(key_type: KeyType, nonce: &[u8; 32]) -> Vec<u8> {
    let input = [TEXT, nonce.as_slice()].concat();
    match key_type {
        KeyType::Ed25519 => input,
        KeyType::P256 | KeyType::Secp256k1 => Sha256::digest(input).to_vec(),
    }
}

/// The public key of a private key: an Ed25519 seed, or an EC scalar, big-endian.
///
/// # Errors
/// [`Error::Refused`] when the scalar is zero or not below the order of the curve.
pub(crate) fn public_of(
    key_type: KeyType,
    private: &Zeroizing<[u8; 32]>,
) -> Result<PublicKey, Error> {
    let bytes = match key_type {
        KeyType::Ed25519 => Some(
            SigningKey::from_bytes(private)
                .verifying_key()
                .to_bytes()
                .into(),
        ),
        KeyType::P256 => p256::SecretKey::from_slice(private.as_slice())
            .ok()
            .map(|key| p256::ecdsa::VerifyingKey::from(key.public_key()))
            .map(|key| key.to_encoded_point(false).as_bytes().to_vec()),
        KeyType::Secp256k1 => k256::SecretKey::from_slice(private.as_slice())
            .ok()
            .map(|key| k256::ecdsa::VerifyingKey::from(key.public_key()))
            .map(|key| key.to_encoded_point(false).as_bytes().to_vec()),
    };
    let bytes = bytes.ok_or_else(|| {
        Error::refused(
            "deriving a public key",
            format!("the bytes are no {key_type} private key"),
            "check where they came from",
        )
    })?;
    PublicKey::new(key_type, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::Signer;

    #[test]
    fn the_public_key_of_rfc_8032_test_1() {
        let seed = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        let public = public_of(KeyType::Ed25519, &Zeroizing::new(seed)).unwrap();
        assert_eq!(public.bytes()[..4], [0xd7, 0x5a, 0x98, 0x01]);
        let signature = SigningKey::from_bytes(&seed).sign(b"");
        let signature = Signature::from_bytes(signature.to_bytes());
        assert!(verifies(&public, b"", &signature));
        assert!(!verifies(&public, b"x", &signature));
    }

    #[test]
    fn zero_and_the_order_are_no_ec_private_keys() {
        for key_type in [KeyType::P256, KeyType::Secp256k1] {
            for byte in [0, 0xff] {
                assert!(public_of(key_type, &Zeroizing::new([byte; 32])).is_err());
            }
        }
    }

    #[test]
    fn a_high_s_verifies_and_a_changed_bit_does_not() {
        use k256::ecdsa::signature::hazmat::PrehashSigner;
        let private = Zeroizing::new([7; 32]);
        let digest = [9; 32];
        let public = public_of(KeyType::Secp256k1, &private).unwrap();
        let key = k256::ecdsa::SigningKey::from_slice(private.as_slice()).unwrap();
        let low: k256::ecdsa::Signature = key.sign_prehash(&digest).unwrap();
        let (r, s) = low.split_scalars();
        let high = k256::ecdsa::Signature::from_scalars(*r, -*s).unwrap();
        for signature in [low, high] {
            let mut bytes: [u8; 64] = signature.to_bytes().into();
            assert!(verifies(&public, &digest, &Signature::from_bytes(bytes)));
            let (scalars, recovery) =
                recoverable(&public, &digest, &Signature::from_bytes(bytes)).unwrap();
            assert_eq!(scalars, <[u8; 64]>::from(low.to_bytes()));
            let recovered = k256::ecdsa::VerifyingKey::recover_from_prehash(
                &digest,
                &low,
                k256::ecdsa::RecoveryId::from_byte(recovery).unwrap(),
            );
            let recovered = recovered.unwrap().to_encoded_point(false);
            assert_eq!(recovered.as_bytes(), public.bytes());
            bytes[40] ^= 1;
            assert_eq!(
                recoverable(&public, &digest, &Signature::from_bytes(bytes)),
                None
            );
            assert!(!verifies(&public, &digest, &Signature::from_bytes(bytes)));
        }
    }
}
