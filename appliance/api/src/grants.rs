//! Which bot may ask for what on which wallet.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /v1/grants`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGrant {
    /// Name of the bot principal, or its whole SPIFFE id.
    pub bot: String,
    /// `wal_…`
    pub wallet_id: String,
    /// Actions the bot may ask for, e.g. `["trade"]`; every action unless told. An empty list
    /// grants nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// Whether a grant of this wallet to this bot that is there may be given more actions. Without
    /// it that is refused; fewer actions need no word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
}

/// A grant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// `grt_…`
    pub id: String,
    /// Name of the bot principal.
    pub bot: String,
    /// `wal_…`
    pub wallet_id: String,
    /// Actions the bot may ask for; absent means every action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<Vec<String>>,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// RFC 3339 UTC, once revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// That no certificate names the bot, told where the grant is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// Query of `GET /v1/grants`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct GrantQuery {
    /// Only grants to this bot.
    pub bot: Option<String>,
    /// Only grants of this wallet, `wal_…`.
    pub wallet_id: Option<String>,
    /// `active` unless told, `revoked` or `any`.
    pub status: Option<String>,
    /// Only grants made at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
