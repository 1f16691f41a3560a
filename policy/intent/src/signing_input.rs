//! The exact bytes that would be signed.

use std::sync::Arc;

/// The bytes handed to the device, exactly as they were decoded. Nothing re-encodes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningInput {
    bytes: Arc<[u8]>,
    signer_index: u8,
}

impl SigningInput {
    /// Made by a decoder, together with the [`crate::Intent`], in one pass over the bytes.
    #[must_use]
    pub fn from_decoder(bytes: Arc<[u8]>, signer_index: u8) -> Self {
        Self {
            bytes,
            signer_index,
        }
    }

    /// The bytes to sign.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
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
