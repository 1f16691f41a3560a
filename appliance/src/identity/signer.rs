//! The authority's private key, wherever it is, seen by the certificate builder.

use std::cell::RefCell;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};
use sha2::{Digest, Sha256};

/// The authority's ECDSA P-256 key. The private half stays where it is.
pub trait CaSigner: Send + Sync {
    /// The public key, an uncompressed point (SEC 1 §2.3.3): `04 ‖ x ‖ y`.
    fn public_key_sec1(&self) -> [u8; 65];

    /// Signs a SHA-256 digest; answers `r ‖ s`, 32 big-endian bytes each. May block.
    ///
    /// # Errors
    /// Whatever the device says.
    fn sign_digest(&self, sha256: &[u8; 32]) -> Result<[u8; 64], SignerError>;
}

/// Why there is no signature by the authority.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// The device said so.
    #[error("the authority's key did not sign")]
    Device(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// What came back is not a signature by the authority's key over what was sent.
    #[error(
        "the authority's key answered with a signature that does not verify; check the token with `countersignd doctor`"
    )]
    Unverifiable,
}

/// The builder's view of a [`CaSigner`]; keeps the cause of a failure, which the builder's own
/// error cannot carry.
pub(super) struct RemoteKey<'a> {
    signer: &'a dyn CaSigner,
    public: [u8; 65],
    failure: RefCell<Option<SignerError>>,
}

impl<'a> RemoteKey<'a> {
    pub(super) fn new(signer: &'a dyn CaSigner) -> Self {
        Self {
            signer,
            public: signer.public_key_sec1(),
            failure: RefCell::new(None),
        }
    }

    /// Why the last signature failed, if it did.
    pub(super) fn take_failure(&self) -> Option<SignerError> {
        self.failure.take()
    }

    /// Signs, and verifies before anyone sees the signature: a faulty device or a swapped key
    /// ends here. Answers DER (RFC 3279 §2.2.3).
    fn sign_verified(&self, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        let digest: [u8; 32] = Sha256::digest(message).into();
        let raw = self.signer.sign_digest(&digest)?;
        let signature = Signature::from_slice(&raw).map_err(|_| SignerError::Unverifiable)?;
        VerifyingKey::from_sec1_bytes(&self.public)
            .and_then(|key| key.verify_prehash(&digest, &signature))
            .map_err(|_| SignerError::Unverifiable)?;
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

impl PublicKeyData for RemoteKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for RemoteKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_verified(message).map_err(|error| {
            self.failure.replace(Some(error));
            rcgen::Error::RemoteKeyError
        })
    }
}
