//! The export format: one JSON object per line, everything verbatim.
//!
//! ```json
//! {"format":"countersign-audit/1","origin":"desk.example/audit","vkey":"desk.example/audit+…"}
//! {"index":0,"leaf":"<base64 hash>","entry":"{\"v\":1,…}"}
//! {"checkpoint":"desk.example/audit\n1\n…\n\n\u2014 desk.example/audit …\n"}
//! {"end":1}
//! ```
//!
//! The header comes first, then the entries from 0 upwards. A checkpoint of size n
//! stands after entry n - 1 and before entry n. `end` carries the number of entries
//! and is the last line. A line has one spelling, that of the functions here.
//! `entry` holds the entry's bytes as a string; an entry that is not printable
//! ASCII, which this log never writes, is exported as `entry_base64` so that a
//! damaged log can be examined too.
//!
//! Write an export up to its last checkpoint: what stands after it proves nothing.

mod read;

pub(crate) use read::{Item, Lines, ReadError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;

use crate::checkpoint::LogKey;
use crate::hash::Hash;
use crate::json;

/// Name and version of this format.
pub const FORMAT: &str = "countersign-audit/1";

/// Longest line in bytes that is read, its line break included.
pub const MAX_LINE: usize = 256 * 1024;

#[derive(Serialize)]
struct Header<'a> {
    format: &'a str,
    origin: &'a str,
    vkey: &'a str,
}

#[derive(Serialize)]
struct Text<'a> {
    index: u64,
    leaf: Hash,
    entry: &'a str,
}

#[derive(Serialize)]
struct Encoded {
    index: u64,
    leaf: Hash,
    entry_base64: String,
}

#[derive(Serialize)]
struct Note<'a> {
    checkpoint: &'a str,
}

#[derive(Serialize)]
struct End {
    end: u64,
}

/// A value that could not be written as a line; does not happen with these types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the export line: {0}")]
pub struct LineError(String);

/// The first line, with its line break.
///
/// # Errors
/// See [`LineError`].
pub fn header_line(key: &LogKey) -> Result<Vec<u8>, LineError> {
    header(key.name(), &key.vkey(), FORMAT)
}

/// The line of one entry, with its line break: its index, its stored leaf hash and
/// its stored bytes, both as they are in the store.
///
/// # Errors
/// See [`LineError`].
pub fn entry_line(index: u64, leaf: Hash, entry: &[u8]) -> Result<Vec<u8>, LineError> {
    match str::from_utf8(entry) {
        Ok(entry) if json::is_printable(entry.as_bytes()) => line(&Text { index, leaf, entry }),
        _ => line(&Encoded {
            index,
            leaf,
            entry_base64: STANDARD.encode(entry),
        }),
    }
}

/// The line of one signed checkpoint, with its line break.
///
/// # Errors
/// See [`LineError`].
pub fn checkpoint_line(note: &str) -> Result<Vec<u8>, LineError> {
    line(&Note { checkpoint: note })
}

/// The last line, with its line break.
///
/// # Errors
/// See [`LineError`].
pub fn end_line(entries: u64) -> Result<Vec<u8>, LineError> {
    line(&End { end: entries })
}

fn header(origin: &str, vkey: &str, format: &str) -> Result<Vec<u8>, LineError> {
    line(&Header {
        format,
        origin,
        vkey,
    })
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, LineError> {
    let mut bytes = json::to_vec(value).map_err(|error| LineError(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}
