//! JSON in printable ASCII: every other character is written as `\uXXXX`, so a line
//! survives any editor, mail or terminal and has one spelling.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_printable(fragment.as_bytes()) {
            return writer.write_all(fragment.as_bytes());
        }
        writer.write_all(escape(fragment).as_bytes())
    }

    fn write_f32<W: ?Sized + Write>(&mut self, _: &mut W, _: f32) -> io::Result<()> {
        Err(io::Error::from(FLOAT))
    }

    fn write_f64<W: ?Sized + Write>(&mut self, _: &mut W, _: f64) -> io::Result<()> {
        Err(io::Error::from(FLOAT))
    }

    /// Text that nobody has read yet could hold anything.
    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, _: &str) -> io::Result<()> {
        Err(io::Error::other("expected values, got JSON text"))
    }
}

/// How writing to memory fails at a number with a fraction; it does not fail otherwise.
pub(crate) const FLOAT: io::ErrorKind = io::ErrorKind::InvalidData;

/// Whether every byte is printable ASCII, space included.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    all(bytes, |byte| matches!(byte, b' '..=b'~'))
}

/// Looks at every byte, also after one that fails: without a way out the compiler takes many
/// bytes at a time, and nearly every text passes.
fn all(bytes: &[u8], passes: impl Fn(u8) -> bool) -> bool {
    bytes.iter().fold(true, |all, byte| all & passes(*byte))
}

/// `text` with each character outside printable ASCII as JSON `\uXXXX` escapes.
/// On a JSON text this keeps the meaning: such characters stand only in strings.
pub(crate) fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        if matches!(char, ' '..='~') {
            out.push(char);
            continue;
        }
        for unit in char.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Serialises in field order, without white space: printable ASCII, no number but integers.
pub(crate) fn to_vec(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(512);
    value.serialize(&mut Serializer::with_formatter(&mut out, Ascii))?;
    Ok(out)
}

/// Adds a string in quotes.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let plain = |byte| matches!(byte, b' '..=b'!' | b'#'..=b'[' | b']'..=b'~');
    if all(text.as_bytes(), plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        let quoted = serde_json::Value::from(text).to_string();
        let inner = quoted
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        out.extend_from_slice(escape(inner.unwrap_or_default()).as_bytes());
    }
    out.push(b'"');
}
