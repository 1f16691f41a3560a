//! Whether the machine's clock is trusted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/clock/confirm`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmClock {
    /// What the operator's own clock says, RFC 3339. Further than a minute from the machine's
    /// clock, and nothing is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// The clock.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ClockState {
    /// `ok`, or `suspect`: withdrawals stop until an operator confirms the clock.
    pub state: String,
    /// What the machine's clock says, RFC 3339 UTC.
    pub clock: String,
    /// The time that limits, time locks and the log go by, RFC 3339 UTC. While the clock is
    /// suspect it goes on as before the jump; ahead of a clock that is `ok` it stands still until
    /// the clock has caught up.
    pub time: String,
    /// Since when it is suspect, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// `back` or `forward`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// By how much it had moved, e.g. `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}
