//! Which bot may ask for what on which wallet.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
}
