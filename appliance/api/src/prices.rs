//! Reference prices that an operator vouches for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/prices`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPrice {
    /// Name of the asset in the policy, e.g. `SOL`.
    pub asset: String,
    /// US dollars per whole unit, decimal, at most six decimals.
    pub price_usd: String,
}

/// A price.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Price {
    /// Name of the asset.
    pub asset: String,
    /// US dollars per whole unit.
    pub price_usd: String,
    /// When it was set, RFC 3339 UTC.
    pub set_at: String,
    /// Until when the active policy takes it, RFC 3339 UTC; absent where that uses no price of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}
