//! Changes that need people: policies, approvers, operators, unfreezing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Decision, FreezeScope};

/// Answer, with status 202, to a change that waits for people. It takes effect by itself once the
/// group agreed and the time lock is over; `GET /v1/requests/{id}` tells.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PendingChange {
    /// `req_…`
    pub request_id: String,
    /// `approval_required`.
    pub decision: Decision,
    /// Kind of change: `policy`, `approver_add`, `approver_remove`, `unfreeze`, `unblock`, `certificate`,
    /// `registration_add`, `wallet_limits` or `venue`.
    pub kind: String,
    /// Group that has to approve.
    pub group: String,
    /// How many of the group have to approve.
    pub quorum: u32,
    /// When the time lock is over, RFC 3339 UTC.
    pub opens_at: String,
    /// When the wait for approvals ends, RFC 3339 UTC.
    pub expires_at: String,
    /// Why it is not done on one operator's word, e.g. what a policy loosens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Of a policy: what is likely to be a mistake in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<crate::PolicyFinding>,
    /// Index of the audit entry that recorded it.
    pub log_index: u64,
}

/// Body of `POST /v1/unfreeze`: a governed change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// The scope of a freeze in force, as it was frozen.
    pub scope: FreezeScope,
    /// Which one, where `scope` is a kind alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "venue",
        alias = "user_id",
        alias = "wallet_id",
        alias = "bot",
        alias = "principal"
    )]
    pub id: Option<String>,
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
