//! Transactions and typed data of Ethereum and the chains that run its virtual machine.
//!
//! Everything is understood to the last byte or it is refused: the encoding is the one canonical
//! one, the chain is one that the policy lists, a call is one of a closed list with exactly the
//! arguments it takes.

mod answer;
mod context;

use countersign_intent::{Intent, SigningInput};

use crate::{DecodeError, DecodeErrorKind};

pub use answer::{Answer, Signature};
pub use context::Context;

/// What came out of one pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Everything the signature would do.
    pub intent: Intent,
    /// The bytes that the chain hashes, and their Keccak-256 digest for the device.
    pub input: SigningInput,
}

impl Decoded {
    /// The answer, with the signature over the digest in its place.
    ///
    /// # Errors
    /// None for what was decoded here.
    pub fn finish(&self, signature: &Signature) -> Result<Answer, DecodeError> {
        finish(self.input.as_bytes(), signature)
    }
}

/// Decodes the JSON text of a transaction: an object of its fields, or a string with the unsigned
/// raw bytes in hexadecimal digits.
///
/// # Errors
/// Anything that is not one well-formed transaction, is not understood to the last byte, or is
/// never signed; see [`DecodeErrorKind`].
pub fn decode_transaction(_json: &str, _context: &Context<'_>) -> Result<Decoded, DecodeError> {
    Err(not_yet())
}

/// Decodes the JSON text of typed data (EIP-712).
///
/// # Errors
/// As [`decode_transaction`], and every type that is not of the closed list.
pub fn decode_typed_data(_json: &str, _context: &Context<'_>) -> Result<Decoded, DecodeError> {
    Err(not_yet())
}

/// The answer for bytes that were decoded before, and whose signature was given before. It says
/// nothing about what they do.
///
/// # Errors
/// Bytes that are no unsigned transaction and no typed data.
pub fn finish(_bytes: &[u8], _signature: &Signature) -> Result<Answer, DecodeError> {
    Err(not_yet())
}

fn not_yet() -> DecodeError {
    let message = "nothing of this venue is understood yet; wait for the release that does";
    DecodeError::new(DecodeErrorKind::Forbidden, None, message)
}
