//! Transactions: a message with its signature slots.

use std::sync::Arc;

use crate::{DecodeError, DecodeErrorKind};

use super::message::{Message, Version};
use super::reader::Reader;
use super::serialise::compact_u16;

/// A transaction some of whose signatures may already be there. They are kept as they came;
/// only the wallet's own slot is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialTransaction {
    message: Arc<[u8]>,
    signatures: Vec<[u8; 64]>,
    slot: usize,
    signatures_first: bool,
}

impl PartialTransaction {
    pub(crate) fn new(
        message: Arc<[u8]>,
        signatures: &[[u8; 64]],
        slot: u8,
        version: Version,
    ) -> Self {
        Self {
            message,
            signatures: signatures.to_vec(),
            slot: usize::from(slot),
            signatures_first: version != Version::V1,
        }
    }

    /// The whole transaction with the wallet's signature in its slot.
    #[must_use]
    pub fn with_signature(&self, signature: [u8; 64]) -> Vec<u8> {
        self.with_signature_in(self.slot, signature)
    }

    /// The bytes that are signed.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        &self.message
    }

    /// What is in a slot: zeros where nobody has signed yet.
    pub(crate) fn signature_in(&self, slot: usize) -> Option<[u8; 64]> {
        self.signatures.get(slot).copied()
    }

    /// The whole transaction with a signature in this slot. Nothing is written where there is no
    /// such slot.
    pub(crate) fn with_signature_in(&self, slot: usize, signature: [u8; 64]) -> Vec<u8> {
        let mut signatures = self.signatures.clone();
        if let Some(slot) = signatures.get_mut(slot) {
            *slot = signature;
        }
        let mut out = Vec::with_capacity(3 + signatures.len() * 64 + self.message.len());
        if self.signatures_first {
            compact_u16(signatures.len(), &mut out);
            out.extend_from_slice(signatures.as_flattened());
            out.extend_from_slice(&self.message);
        } else {
            out.extend_from_slice(&self.message);
            out.extend_from_slice(signatures.as_flattened());
        }
        out
    }
}

/// Splits a transaction into its message bytes and its signature slots.
pub(crate) fn split_transaction(bytes: &[u8]) -> Result<(&[u8], &[[u8; 64]]), DecodeError> {
    if bytes.first() == Some(&0x81) {
        return split_v1(bytes);
    }
    let mut reader = Reader::new(bytes);
    let count = reader.compact_u16("signatures")?;
    let signatures = reader.chunks(count, "signatures")?;
    let message = reader.take(reader.remaining(), "message")?;
    Ok((message, signatures))
}

fn split_v1(bytes: &[u8]) -> Result<(&[u8], &[[u8; 64]]), DecodeError> {
    let signers = bytes.get(1).copied().unwrap_or_default();
    let length = bytes
        .len()
        .checked_sub(64 * usize::from(signers))
        .ok_or_else(|| {
            DecodeError::malformed(
                1,
                format!("expected {signers} signatures after the message"),
            )
        })?;
    let mut reader = Reader::new(bytes);
    let message = reader.take(length, "message")?;
    let signatures = reader.chunks(usize::from(signers), "signatures")?;
    Ok((message, signatures))
}

/// Refuses a transaction whose slots do not match its header.
pub(crate) fn check_slots(
    message: &Message<'_>,
    signatures: &[[u8; 64]],
) -> Result<(), DecodeError> {
    let required = usize::from(message.header.required_signatures);
    if signatures.len() == required {
        return Ok(());
    }
    Err(DecodeError::new(
        DecodeErrorKind::Malformed,
        None,
        format!(
            "expected {required} signature slots as the message requires, got {}; fill the \
             missing ones with zeros",
            signatures.len()
        ),
    ))
}
