use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::json;

/// The open part of an entry: a JSON object in printable ASCII on one line, kept
/// verbatim. Numbers are integers; amounts of money belong in strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail<'a>(Cow<'a, str>);

/// Why something cannot be the detail of an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DetailError {
    /// Not JSON.
    #[error("expected `detail` to be JSON: {0}")]
    Json(String),
    /// JSON, but not an object.
    #[error("expected `detail` to be a JSON object, got `{0}`")]
    NotAnObject(String),
    /// A line break or another control character between the values.
    #[error("expected `detail` on one line, got a control character; write it without indentation")]
    ControlCharacter,
    /// A number that is not an integer.
    #[error(
        "expected integers in `detail`, got a number with a fraction or exponent; write it as a string"
    )]
    Float,
}

impl<'a> Detail<'a> {
    /// Takes an already serialised JSON object. Characters outside ASCII are escaped.
    ///
    /// # Errors
    /// See [`DetailError`].
    pub fn from_json(text: &'a str) -> Result<Self, DetailError> {
        if json::is_printable(text.as_bytes()) {
            let raw: &RawValue = serde_json::from_str(text).map_err(not_json)?;
            check(raw.get())?;
            return Ok(Self(Cow::Borrowed(raw.get())));
        }
        if text.chars().any(|char| char < ' ') {
            return Err(DetailError::ControlCharacter);
        }
        Ok(Detail::from_json(&json::escape(text))?.into_owned())
    }

    /// Serialises a struct or map.
    ///
    /// # Errors
    /// See [`DetailError`].
    pub fn of(value: &impl Serialize) -> Result<Detail<'static>, DetailError> {
        let bytes = json::to_vec(value).map_err(not_json)?;
        let text =
            String::from_utf8(bytes).map_err(|error| DetailError::Json(error.to_string()))?;
        check_object(&text)?;
        Ok(Detail(Cow::Owned(text)))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same detail, independent of what it was read from.
    #[must_use]
    pub fn into_owned(self) -> Detail<'static> {
        Detail(Cow::Owned(self.0.into_owned()))
    }
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "used as a function for `map_err`"
)]
fn not_json(error: serde_json::Error) -> DetailError {
    match error.io_error_kind() {
        Some(json::FLOAT) => DetailError::Float,
        _ => DetailError::Json(error.to_string()),
    }
}

fn check_object(text: &str) -> Result<(), DetailError> {
    if text.starts_with('{') {
        return Ok(());
    }
    Err(DetailError::NotAnObject(text.chars().take(40).collect()))
}

/// One pass over text that is known to be JSON.
fn check(text: &str) -> Result<(), DetailError> {
    check_object(text)?;
    let (mut in_string, mut escaped, mut before) = (false, false, 0);
    for &byte in text.as_bytes() {
        if !json::is_printable(&[byte]) {
            return Err(DetailError::ControlCharacter);
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'.' => return Err(DetailError::Float),
            b'e' | b'E' if u8::is_ascii_digit(&before) => return Err(DetailError::Float),
            _ => {}
        }
        before = byte;
    }
    Ok(())
}

impl Default for Detail<'_> {
    /// `{}`
    fn default() -> Self {
        Self(Cow::Borrowed("{}"))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Detail<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(from)?;
        check(raw.get()).map_err(serde::de::Error::custom)?;
        Ok(Self(Cow::Borrowed(raw.get())))
    }
}
