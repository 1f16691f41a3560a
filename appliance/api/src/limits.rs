//! What is left under the limits.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Query of `GET /v1/limits`: for whom. Limits that count for everything always come.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct LimitsQuery {
    /// `wal_…`: the limits of this wallet, and of its user.
    pub wallet_id: Option<String>,
    /// Name of a bot: the limits of this bot.
    pub bot: Option<String>,
    /// Address of a destination: the limits of what is sent there.
    pub destination: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

/// How much of a limit of the active policy, or of the wallet's own, is left, for one of those it is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitUse {
    /// Name of the limit in the policy; `wallet:…` for one of the wallet's own.
    pub limit: String,
    /// Whom it is counted for, e.g. `wallet:wal_…` or `global`.
    pub scope: String,
    /// What it counts: an asset, `USD` or `requests`.
    pub unit: String,
    /// At most this much within the window, in the unit.
    pub max: String,
    /// What counts now.
    pub used: String,
    /// What of that is held under durable nonces: it counts until they were observed to have
    /// advanced, and for one window more. Absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// What is left now.
    pub left: String,
    /// Length of the window, e.g. `24h`.
    pub window: String,
    /// When more than now will be left, RFC 3339 UTC; absent where nothing counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frees_at: Option<String>,
}
