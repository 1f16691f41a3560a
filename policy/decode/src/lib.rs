//! Hostile bytes to typed intents.
//!
//! A decoder reads the exact bytes that would be signed and answers with everything the
//! signature would do, or with a refusal that says what was not understood. It has no I/O, no
//! clock and no randomness; facts that are not in the bytes come in as a context.

mod error;
pub mod evm;
mod explain;
pub mod solana;

pub use error::{DecodeError, DecodeErrorKind, Place};
pub use explain::{explain, explain_effect};
