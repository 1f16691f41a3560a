//! What was sent instead of a message or a transaction, where the bytes still tell.
//!
//! It is looked for only in bytes that were refused already, and never changes that.

use crate::{DecodeError, DecodeErrorKind};

use super::message::{Message, V1_BYTES};
use super::reader::Reader;
use super::text;
use super::transaction::{check_slots, split_transaction};

/// Which of the two the bytes were said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Message,
    Transaction,
}

const COMPRESSED: &str = "these bytes are compressed; send the message or the transaction as it is";
const MARKED: &str =
    "a byte order mark stands before the bytes; leave it out, it belongs to text files";
const JSON: &str = "these bytes are JSON text; send the bytes of the message or the transaction";
const OFF_CHAIN: &str = "this is an off-chain message (`\\xffsolana offchain`); only transactions \
                         are signed here";
const A_TRANSACTION: &str = "this is a whole transaction, with its signature slots; send it as \
                             `transaction`, or send only its message as `message`";
const A_MESSAGE: &str = "this is a message alone, without signature slots; send it as `message`";
const UNVERSIONED: &str = "the version byte is missing before the message: with `0x80` before it, \
                           it is a v0 message; serialise it with its version (in solders \
                           `to_bytes_versioned(message)`, which `bytes(message)` is not)";
/// A legacy message and a zero are the same bytes as a v0 message without version and lookups.
const UNVERSIONED_OR_LONGER: &str = "a byte `0x00` follows the end of the message, or the version \
                                     byte is missing before it: with `0x80` there, it is a v0 \
                                     message; serialise it with its version (in solders \
                                     `to_bytes_versioned(message)`, which `bytes(message)` is not)";
const UNVERSIONED_V1: &str = "the version byte `0x81` is missing before the v1 message; serialise \
                              it with its version";
const TWICE_VERSIONED: &str = "the version byte stands twice before the message; send it once";
const NO_LOOKUPS: &str = "the count of lookup tables is missing at the end of the v0 message; it \
                          is one byte `0x00` where there are none";
const LINE_BREAK: &str = "line breaks or spaces follow the bytes; leave them out";

/// Marks at the start of what no message starts with.
const MARKS: [(&[u8], &str); 9] = [
    (&[0x1f, 0x8b], COMPRESSED),
    (&[0x28, 0xb5, 0x2f, 0xfd], COMPRESSED),
    (&[0x78, 0x9c], COMPRESSED),
    (&[0xef, 0xbb, 0xbf], MARKED),
    (&[0xff, 0xfe], MARKED),
    (&[0xfe, 0xff], MARKED),
    (b"{", JSON),
    (b"[", JSON),
    (b"\xffsolana offchain", OFF_CHAIN),
];

/// The refusal in words about what was done, where that can be told; else as it was.
pub(crate) fn tell(bytes: &[u8], form: Form, refused: DecodeError) -> DecodeError {
    if refused.kind() != DecodeErrorKind::Malformed || bytes.len() > V1_BYTES {
        return refused;
    }
    let told = marked(bytes)
        .or_else(|| other_form(bytes, form))
        .or_else(|| version(bytes, form))
        .or_else(|| followed(bytes, form))
        .map(str::to_owned)
        .or_else(|| text_inside(bytes));
    told.map_or(refused, |told| {
        DecodeError::new(DecodeErrorKind::Malformed, None, told)
    })
}

/// Whether the bytes are one well-formed message or transaction.
pub(super) fn is_well_formed(bytes: &[u8]) -> bool {
    is_message(bytes) || is_transaction(bytes)
}

fn is_message(bytes: &[u8]) -> bool {
    Message::parse(bytes).is_ok()
}

fn is_transaction(bytes: &[u8]) -> bool {
    let checked = split_transaction(bytes)
        .and_then(|(message, signatures)| check_slots(&Message::parse(message)?, signatures));
    checked.is_ok()
}

fn is(bytes: &[u8], form: Form) -> bool {
    match form {
        Form::Message => is_message(bytes),
        Form::Transaction => is_transaction(bytes),
    }
}

fn marked(bytes: &[u8]) -> Option<&'static str> {
    let found = MARKS.iter().find(|(mark, _)| bytes.starts_with(mark));
    found.map(|(_, told)| *told)
}

fn other_form(bytes: &[u8], form: Form) -> Option<&'static str> {
    match form {
        Form::Message => is_transaction(bytes).then_some(A_TRANSACTION),
        Form::Transaction => is_message(bytes).then_some(A_MESSAGE),
    }
}

/// The message among the bytes; of a transaction what follows its signatures.
fn message_in(bytes: &[u8], form: Form) -> Option<&[u8]> {
    match form {
        Form::Message => Some(bytes),
        Form::Transaction => {
            let mut reader = Reader::new(bytes);
            let count = reader.compact_u16("signatures").ok()?;
            reader.chunks::<64>(count, "signatures").ok()?;
            reader.take(reader.remaining(), "message").ok()
        }
    }
}

fn version(bytes: &[u8], form: Form) -> Option<&'static str> {
    let message = message_in(bytes, form)?;
    let with = |version: u8| is_message(&[&[version], message].concat());
    match message {
        [0x80, 0x80, ..] | [0x81, 0x81, ..] => {
            is_message(message.get(1..)?).then_some(TWICE_VERSIONED)
        }
        [0x80, ..] => is_message(&[message, &[0]].concat()).then_some(NO_LOOKUPS),
        [legacy @ .., 0] if with(0x80) && is_message(legacy) => Some(UNVERSIONED_OR_LONGER),
        _ if with(0x80) => Some(UNVERSIONED),
        _ if with(0x81) => Some(UNVERSIONED_V1),
        _ => None,
    }
}

fn followed(bytes: &[u8], form: Form) -> Option<&'static str> {
    let alone = bytes.trim_ascii_end();
    (alone.len() < bytes.len() && is(alone, form)).then_some(LINE_BREAK)
}

/// Text that was encoded once more.
fn text_inside(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let encoding = text::encoding_of(text.trim())?;
    Some(format!(
        "these bytes are {encoding} text and not yet what it stands for; encode the bytes of the \
         message or the transaction once"
    ))
}
