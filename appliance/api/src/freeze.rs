//! Stopping at once.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a freeze covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FreezeScope {
    /// Everything.
    Everything,
    /// One venue, by slug.
    Venue(String),
    /// One user, `usr_…`.
    User(String),
    /// One wallet, `wal_…`.
    Wallet(String),
    /// One bot, by name.
    Bot(String),
}

/// Body of `POST /v1/freeze`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// What to stop: `"everything"`, `{"venue": "solana"}`, `{"user": "usr_…"}`,
    /// `{"wallet": "wal_…"}` or `{"bot": "momentum-7"}`.
    pub scope: FreezeScope,
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A freeze in force.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FreezeState {
    /// What is stopped.
    pub scope: FreezeScope,
    /// Who stopped it.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339 UTC.
    pub since: String,
    /// False while the record of it could not be written; it holds all the same.
    pub recorded: bool,
}
