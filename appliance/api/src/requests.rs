//! What was asked and what became of it.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A recorded sign request.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Request {
    /// `req_…`
    pub id: String,
    /// Who asked, e.g. `bot/momentum-7`.
    pub principal: String,
    /// `wal_…`
    pub wallet_id: String,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// `reserved`, `signed`, `denied`, `pending`, `released` or `unknown`.
    pub state: String,
    /// Index of the audit entry that recorded the decision.
    pub log_index: u64,
    /// The answer or problem body as it was given, without the signature.
    #[schema(value_type = Object)]
    pub answer: serde_json::Value,
    /// Base58 signature, once signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Query of `GET /v1/requests` and `GET /v1/requests/{id}`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RequestQuery {
    /// Wait up to this long for a pending request to be decided, e.g. `30s`.
    pub wait: Option<String>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
