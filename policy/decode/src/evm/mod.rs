//! Transactions and typed data of Ethereum and the chains that run its virtual machine.
//!
//! Everything is understood to the last byte or it is refused: the encoding is the one canonical
//! one, the chain is one that the policy lists, a call is one of a closed list with exactly the
//! arguments it takes. A call that is on no list is an effect of its own, which a rule has to name.

mod answer;
mod call;
mod context;
mod effects;
mod envelope;
mod json;
mod object;
mod raw;
mod transaction;
mod typed;

use countersign_intent::evm::Draft;
use countersign_intent::{Intent, SigningInput};
use sha3::{Digest, Keccak256};

use crate::DecodeError;
use transaction::Transaction;

pub use answer::{Answer, Signature, finish};
pub use context::Context;
pub use envelope::{envelope_of_transaction, envelope_of_typed_data};

/// What came out of one pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// Everything the signature would do.
    pub intent: Intent,
    /// The bytes that the chain hashes, and their Keccak-256 digest for the device.
    pub input: SigningInput,
}

impl Decoded {
    fn new(draft: Draft, bytes: Vec<u8>) -> Self {
        Self {
            intent: draft.into(),
            input: unsigned(bytes),
        }
    }

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
/// never signed; see [`DecodeErrorKind`](crate::DecodeErrorKind).
pub fn decode_transaction(json: &str, context: &Context<'_>) -> Result<Decoded, DecodeError> {
    let transaction = read_transaction(json)?;
    let draft = effects::of(&transaction, context)?;
    let bytes = transaction.unsigned();
    raw::check_length(&bytes)?;
    Ok(Decoded::new(draft, bytes))
}

fn read_transaction(json: &str) -> Result<Transaction, DecodeError> {
    let text = match json::parse(json)? {
        json::Node::Text(text) => text,
        node => return object::read(node),
    };
    let expected = "`transaction`: expected an object, or the unsigned raw bytes as `0x` and an even number of \
         hexadecimal digits";
    let bytes = object::bytes(&text);
    raw::read(&bytes.ok_or_else(|| json::malformed(expected.to_owned()))?)
}

fn unsigned(bytes: Vec<u8>) -> SigningInput {
    let digest = keccak(&bytes);
    SigningInput::hashed_by_decoder(bytes.into(), digest)
}

/// Decodes the JSON text of typed data (EIP-712).
///
/// # Errors
/// As [`decode_transaction`], and every type that is not of the closed list.
pub fn decode_typed_data(json: &str, context: &Context<'_>) -> Result<Decoded, DecodeError> {
    let (draft, bytes) = typed::read(json::parse(json)?, context)?;
    Ok(Decoded::new(draft, bytes))
}

fn keccak(bytes: &[u8]) -> [u8; 32] {
    Keccak256::digest(bytes).into()
}

#[cfg(test)]
mod tests;
