//! The exact bytes that would be signed.

use std::sync::Arc;

/// The bytes that are signed, exactly as they were decoded. Nothing re-encodes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningInput {
    bytes: Arc<[u8]>,
    signer_index: u8,
    digest: Option<[u8; 32]>,
}

impl SigningInput {
    /// Made by a decoder, together with the [`crate::Intent`], in one pass over the bytes.
    #[must_use]
    pub fn from_decoder(bytes: Arc<[u8]>, signer_index: u8) -> Self {
        Self {
            bytes,
            signer_index,
            digest: None,
        }
    }

    /// The same for a key that signs a digest of the bytes, which the decoder knows how to make.
    #[must_use]
    pub fn hashed_by_decoder(bytes: Arc<[u8]>, digest: [u8; 32]) -> Self {
        Self {
            bytes,
            signer_index: 0,
            digest: Some(digest),
        }
    }

    /// The bytes to sign.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the device is handed: the digest of the bytes where the key signs one, else the bytes.
    #[must_use]
    pub fn for_device(&self) -> &[u8] {
        match &self.digest {
            Some(digest) => digest,
            None => &self.bytes,
        }
    }

    /// The bytes to sign, shared.
    #[must_use]
    pub fn shared(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    /// Which of the message's signature slots is the wallet's.
    #[must_use]
    pub const fn signer_index(&self) -> u8 {
        self.signer_index
    }
}
