//! The wire format: legacy, v0 and v1 messages and transactions, checked byte for byte.

mod message;
mod mistake;
mod reader;
mod serialise;
mod text;
mod transaction;
mod v1;

pub(crate) use message::{Lookup, Message, RawInstruction, Version};
pub(crate) use mistake::{Form, tell};
pub(crate) use reader::Reader;
pub(crate) use transaction::{check_slots, split_transaction};
pub(crate) use v1::is_heap_size;

pub use text::{from_base64, is_hex};
pub use transaction::PartialTransaction;

#[cfg(test)]
pub(crate) use serialise::serialise;

#[cfg(test)]
mod tests;
