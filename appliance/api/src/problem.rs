//! Errors as RFC 9457 problem details.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of an error body (RFC 9457 §3).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Stable error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The bytes to sign are not understood.
    Undecodable,
    /// A rule denies, or none allows.
    PolicyDenied,
    /// A limit would be exceeded.
    LimitExceeded,
    /// The wallet is paused or archived.
    WalletPaused,
    /// A freeze covers this request.
    Frozen,
    /// There is no such thing, or it is not yours.
    NotFound,
    /// You may not do this: by your role, or for the reason that is told.
    Forbidden,
    /// The idempotency key was used with other content.
    IdempotencyConflict,
    /// The HSM does not answer.
    HsmUnavailable,
    /// The appliance is not ready for this.
    NotReady,
    /// A field is missing, unknown or wrong.
    InvalidRequest,
    /// The request is larger than the bound.
    TooLarge,
    /// The approval or the request has expired.
    Expired,
    /// The request was decided before.
    AlreadyDecided,
    /// The venue's signature does not bind what was asked.
    NotBindable,
    /// The venue refused.
    VenueError,
    /// The venue does not answer.
    VenueUnreachable,
}

impl ErrorCode {
    /// Every code.
    pub const ALL: [Self; 17] = [
        Self::Undecodable,
        Self::PolicyDenied,
        Self::LimitExceeded,
        Self::WalletPaused,
        Self::Frozen,
        Self::NotFound,
        Self::Forbidden,
        Self::IdempotencyConflict,
        Self::HsmUnavailable,
        Self::NotReady,
        Self::InvalidRequest,
        Self::TooLarge,
        Self::Expired,
        Self::AlreadyDecided,
        Self::NotBindable,
        Self::VenueError,
        Self::VenueUnreachable,
    ];

    /// The code as it stands on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::PolicyDenied => "policy_denied",
            Self::LimitExceeded => "limit_exceeded",
            Self::WalletPaused => "wallet_paused",
            Self::Frozen => "frozen",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::HsmUnavailable => "hsm_unavailable",
            Self::NotReady => "not_ready",
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "too_large",
            Self::Expired => "expired",
            Self::AlreadyDecided => "already_decided",
            Self::NotBindable => "not_bindable",
            Self::VenueError => "venue_error",
            Self::VenueUnreachable => "venue_unreachable",
        }
    }

    /// The HTTP status that goes with the code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Undecodable | Self::NotBindable => 422,
            Self::PolicyDenied | Self::WalletPaused | Self::Frozen | Self::Forbidden => 403,
            Self::LimitExceeded => 429,
            Self::NotFound => 404,
            Self::IdempotencyConflict | Self::AlreadyDecided => 409,
            Self::Expired => 410,
            Self::TooLarge => 413,
            Self::HsmUnavailable | Self::NotReady => 503,
            Self::VenueError | Self::VenueUnreachable => 502,
        }
    }

    /// A short title that does not change from one occurrence to the next.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Undecodable => "the bytes to sign are not fully understood",
            Self::PolicyDenied => "policy does not allow this",
            Self::LimitExceeded => "a limit would be exceeded",
            Self::WalletPaused => "the wallet does not sign",
            Self::Frozen => "signing is frozen",
            Self::NotFound => "not found",
            Self::Forbidden => "not allowed",
            Self::IdempotencyConflict => "idempotency key used with other content",
            Self::HsmUnavailable => "the HSM does not answer",
            Self::NotReady => "the appliance is not ready",
            Self::InvalidRequest => "the request is not valid",
            Self::TooLarge => "the request is too large",
            Self::Expired => "expired",
            Self::AlreadyDecided => "already decided",
            Self::NotBindable => "this venue's signature does not bind the request",
            Self::VenueError => "the venue refused",
            Self::VenueUnreachable => "the venue does not answer",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason of a denial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// The code this reason alone would have given.
    pub code: String,
    /// The rule or limit that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Position of the effect it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<usize>,
    /// What was wrong, with the numbers.
    pub message: String,
    /// When time alone heals it, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
}

/// An error body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the code says what kind it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short and stable.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened here and what to do next.
    pub detail: String,
    /// The stable code.
    pub code: ErrorCode,
    /// The request this was about, where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Index of the audit entry, where one was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
    /// The field that was wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The first moment a retry can succeed, RFC 3339 UTC, where time heals it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
    /// Every reason of a denial.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl Problem {
    /// A problem of this code with the detail of this occurrence.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank".to_owned(),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code,
            request_id: None,
            log_index: None,
            field: None,
            retry_after: None,
            reasons: Vec::new(),
        }
    }

    /// Names the field that was wrong.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_names_and_words_agree() {
        for code in ErrorCode::ALL {
            let wire = serde_json::to_value(code).unwrap();
            assert_eq!(wire, serde_json::Value::from(code.as_str()));
        }
        // Serde names every variant there is.
        let unknown = serde_json::from_str::<ErrorCode>("\"other\"").unwrap_err();
        let named = unknown.to_string().matches('`').count() / 2 - 1;
        assert_eq!(named, ErrorCode::ALL.len());
    }
}
