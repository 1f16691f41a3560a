//! What one log entry says, and its canonical bytes.
//!
//! An entry is one line of JSON in printable ASCII, fields in the order of
//! [`Entry`], absent fields left out, no floating-point numbers, at most
//! [`MAX_ENTRY`] bytes:
//!
//! ```json
//! {"v":1,"at":"2026-11-21T07:44:24.000123Z","kind":"sign_reserved","actor":"spiffe://desk/bot/a",
//!  "certificate":"crt_3f…","request":"req_1","subject":"wal_7","rule":"dex-trades",
//!  "digest":"…64 hex…","detail":{}}
//! ```
//!
//! (shown on three lines). Exactly these bytes are hashed, stored and exported.

mod actor;
mod detail;
mod kind;
mod line;
mod stamp;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::Deserialize;

pub use actor::Actor;
pub use detail::{Detail, DetailError};
pub use kind::{Kind, Outcome};
pub use stamp::{Stamp, StampError};

/// Longest entry in bytes: C2SP `tlog-tiles` prefixes each with a 16-bit length.
pub const MAX_ENTRY: usize = 65_535;

/// The actor of what the appliance does by itself.
pub const SYSTEM: &str = "system";

/// One log entry.
///
/// Per kind: `sign_reserved` needs `request`, `subject` and `digest`; `sign_outcome`
/// needs `request` and, as `code`, an [`Outcome`]; `sign_denied` and `sign_errored`
/// need `code`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<'a> {
    v: u8,
    /// When it happened.
    pub at: Stamp,
    /// What happened.
    pub kind: Kind,
    /// Who: a SPIFFE id, or [`SYSTEM`].
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    /// The certificate it was asked with, `crt_…`: the digits are its serial number. Entries
    /// of earlier versions of the appliance have none.
    #[serde(borrow, default)]
    pub certificate: Option<Cow<'a, str>>,
    /// The request it belongs to, `req_…`.
    #[serde(borrow, default)]
    pub request: Option<Cow<'a, str>>,
    /// The wallet, user, policy, … it is about.
    #[serde(borrow, default)]
    pub subject: Option<Cow<'a, str>>,
    /// Stable error code of a refusal, or the [`Outcome`].
    #[serde(borrow, default)]
    pub code: Option<Cow<'a, str>>,
    /// The policy rule that decided.
    #[serde(borrow, default)]
    pub rule: Option<Cow<'a, str>>,
    /// SHA-256 of the bytes to sign; 64 lower-case hex digits in the line.
    #[serde(default, with = "digest")]
    pub digest: Option<[u8; 32]>,
    /// Everything else, a JSON object.
    #[serde(borrow)]
    pub detail: Detail<'a>,
}

/// Why something is not a log entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Details that no entry can hold.
    #[error(transparent)]
    Detail(#[from] DetailError),
    /// More than [`MAX_ENTRY`] bytes.
    #[error("expected an entry of at most {MAX_ENTRY} bytes, got {0}; shorten its detail")]
    TooLong(usize),
    /// A field that is missing or has the wrong form for this kind.
    #[error("`{kind}` entry: expected `{field}` to be {expected}, got `{got}`")]
    Field {
        /// Kind of the entry.
        kind: Kind,
        /// Name of the field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// What it holds; empty when absent.
        got: String,
    },
    /// Not JSON of this shape.
    #[error("not a log entry: {0}")]
    Json(String),
    /// Readable, but not the one canonical spelling.
    #[error(
        "expected the canonical spelling of the entry, got another one; it was not written by this log"
    )]
    NotCanonical,
}

impl<'a> Entry<'a> {
    /// An entry with the four fields that each one has.
    #[must_use]
    pub fn new(at: Stamp, kind: Kind, actor: Actor<'a>, detail: Detail<'a>) -> Self {
        Self {
            v: 1,
            at,
            kind,
            actor: actor.name().into(),
            certificate: actor.certificate().map(Cow::Borrowed),
            request: None,
            subject: None,
            code: None,
            rule: None,
            digest: None,
            detail,
        }
    }

    /// The same entry with its `request`.
    #[must_use]
    pub fn request(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.request = Some(id.into());
        self
    }

    /// The same entry with its `subject`.
    #[must_use]
    pub fn subject(mut self, id: impl Into<Cow<'a, str>>) -> Self {
        self.subject = Some(id.into());
        self
    }

    /// The same entry with its `code`.
    #[must_use]
    pub fn code(mut self, code: impl Into<Cow<'a, str>>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same entry with its `rule`.
    #[must_use]
    pub fn rule(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.rule = Some(name.into());
        self
    }

    /// The same entry with the SHA-256 of the bytes to sign.
    #[must_use]
    pub fn digest(mut self, sha256: [u8; 32]) -> Self {
        self.digest = Some(sha256);
        self
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// A field is missing or malformed for this kind, or the line is too long.
    pub fn encode(&self) -> Result<Vec<u8>, EntryError> {
        self.check()?;
        let bytes = line::line(self);
        if bytes.len() > MAX_ENTRY {
            return Err(EntryError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }

    /// Reads an entry back; accepts exactly what [`Entry::encode`] writes.
    ///
    /// # Errors
    /// Not JSON, unknown or missing fields, or another spelling of the same content.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryError> {
        if bytes.len() > MAX_ENTRY {
            return Err(EntryError::TooLong(bytes.len()));
        }
        let text = str::from_utf8(bytes).map_err(|error| EntryError::Json(error.to_string()))?;
        let entry: Self =
            serde_json::from_str(text).map_err(|error| EntryError::Json(error.to_string()))?;
        if entry.encode()? != bytes {
            return Err(EntryError::NotCanonical);
        }
        Ok(entry)
    }

    /// The outcome, for a `sign_outcome` entry.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.kind {
            Kind::SignOutcome => self.code.as_deref().and_then(Outcome::from_code),
            _ => None,
        }
    }

    fn check(&self) -> Result<(), EntryError> {
        if self.v != 1 {
            return Err(self.refuse("v", "1", &self.v.to_string()));
        }
        if self.actor != SYSTEM && !self.actor.starts_with("spiffe://") {
            return Err(self.refuse("actor", "`system` or a SPIFFE id", &self.actor));
        }
        let serial = self.certificate.as_deref();
        if let Some(id) = serial.filter(|id| self.actor == SYSTEM || !id.starts_with("crt_")) {
            return Err(self.refuse("certificate", "the caller's, `crt_…`", id));
        }
        if let Some(id) = self.request.as_deref().filter(|id| !id.starts_with("req_")) {
            return Err(self.refuse("request", "an id that begins with `req_`", id));
        }
        self.check_kind()
    }

    fn check_kind(&self) -> Result<(), EntryError> {
        let reserved = self.kind == Kind::SignReserved;
        let outcome = self.kind == Kind::SignOutcome;
        let refused = matches!(self.kind, Kind::SignDenied | Kind::SignErrored);
        if (reserved || outcome) && self.request.is_none() {
            return Err(self.refuse("request", "the id of the request", ""));
        }
        if reserved && self.subject.is_none() {
            return Err(self.refuse("subject", "the id of the wallet", ""));
        }
        if reserved && self.digest.is_none() {
            return Err(self.refuse("digest", "the SHA-256 of the bytes to sign", ""));
        }
        let code = self.code.as_deref().unwrap_or_default();
        if outcome && self.outcome().is_none() {
            let expected = "`signed`, `refused`, `unknown` or `not_sent`";
            return Err(self.refuse("code", expected, code));
        }
        if refused && code.is_empty() {
            return Err(self.refuse("code", "the code of the refusal", ""));
        }
        Ok(())
    }

    fn refuse(&self, field: &'static str, expected: &'static str, got: &str) -> EntryError {
        EntryError::Field {
            kind: self.kind,
            field,
            expected,
            got: got.to_owned(),
        }
    }
}

/// SHA-256 as 64 lower-case hex digits.
mod digest {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, de::Error as _};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<[u8; 32]>, D::Error> {
        let text = <Cow<'de, str>>::deserialize(from)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes)
            .map_err(|_| D::Error::custom("expected `digest` as 64 hex digits"))?;
        Ok(Some(bytes))
    }
}
