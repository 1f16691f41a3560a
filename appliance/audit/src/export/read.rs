use std::borrow::Cow;
use std::io::{self, BufRead, Read as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;

use crate::hash::Hash;

use super::{LineError, MAX_LINE, checkpoint_line, end_line, entry_line, header};

/// One line of an export.
#[derive(Debug)]
pub(crate) enum Item {
    Header {
        format: String,
        origin: String,
        vkey: String,
    },
    Entry {
        index: u64,
        leaf: Hash,
        entry: Vec<u8>,
    },
    Checkpoint(String),
    End(u64),
}

#[derive(Debug)]
pub(crate) enum ReadError {
    Io(io::Error),
    TooLong,
    CutOff,
    Malformed(String),
}

/// The lines of an export, one at a time, in one buffer of at most [`MAX_LINE`].
pub(crate) struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    number: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    format: Option<String>,
    origin: Option<String>,
    vkey: Option<String>,
    index: Option<u64>,
    leaf: Option<Hash>,
    #[serde(borrow)]
    entry: Option<Cow<'a, str>>,
    entry_base64: Option<String>,
    checkpoint: Option<String>,
    end: Option<u64>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) const fn new(from: R) -> Self {
        Self {
            from,
            buffer: Vec::new(),
            number: 0,
        }
    }

    /// Number of the line read last, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn read(&mut self) -> Result<Option<Item>, ReadError> {
        self.buffer.clear();
        let limit = MAX_LINE as u64 + 1;
        let got = self
            .from
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut self.buffer);
        if got.map_err(ReadError::Io)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if self.buffer.len() > MAX_LINE {
            return Err(ReadError::TooLong);
        }
        if self.buffer.last() != Some(&b'\n') {
            return Err(ReadError::CutOff);
        }
        let (item, spelling) = parse(&self.buffer)?;
        if spelling.map_err(|error| ReadError::Malformed(error.to_string()))? != self.buffer {
            let why = "another spelling than an export has".to_owned();
            return Err(ReadError::Malformed(why));
        }
        Ok(Some(item))
    }
}

/// The item and the one line that spells it.
fn parse(line: &[u8]) -> Result<(Item, Result<Vec<u8>, LineError>), ReadError> {
    let malformed = |error: serde_json::Error| ReadError::Malformed(error.to_string());
    Ok(
        match serde_json::from_slice::<Raw<'_>>(line).map_err(malformed)? {
            Raw {
                format: Some(format),
                origin: Some(origin),
                vkey: Some(vkey),
                ..
            } => {
                let line = header(&origin, &vkey, &format);
                (
                    Item::Header {
                        format,
                        origin,
                        vkey,
                    },
                    line,
                )
            }
            Raw {
                index: Some(index),
                leaf: Some(leaf),
                entry,
                entry_base64,
                ..
            } => {
                let entry = bytes(entry, entry_base64)?;
                let line = entry_line(index, leaf, &entry);
                (Item::Entry { index, leaf, entry }, line)
            }
            Raw {
                checkpoint: Some(note),
                ..
            } => {
                let line = checkpoint_line(&note);
                (Item::Checkpoint(note), line)
            }
            Raw { end: Some(end), .. } => (Item::End(end), end_line(end)),
            _ => return Err(ReadError::Malformed("not a line of an export".to_owned())),
        },
    )
}

fn bytes(text: Option<Cow<'_, str>>, encoded: Option<String>) -> Result<Vec<u8>, ReadError> {
    match (text, encoded) {
        (Some(text), None) => Ok(text.into_owned().into_bytes()),
        (None, Some(encoded)) => STANDARD.decode(encoded).map_err(|error| {
            ReadError::Malformed(format!("`entry_base64` is not base64: {error}"))
        }),
        _ => Err(ReadError::Malformed(
            "expected `entry` or `entry_base64`".to_owned(),
        )),
    }
}
