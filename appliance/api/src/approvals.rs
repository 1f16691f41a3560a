//! People saying yes or no.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/requests/{id}/approvals`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approve {
    /// Name of the approver, e.g. `alice`.
    pub approver_id: String,
    /// How it was signed: `solana-offchain-v0`.
    pub scheme: String,
    /// Base58 signature over the approval text in that scheme.
    pub signature: String,
}

/// Body of `POST /v1/requests/{id}/reject`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reject {
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Answer of `GET /v1/requests/{id}/approval-text`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ApprovalText {
    /// `req_…`
    pub request_id: String,
    /// Name of the approver.
    pub approver_id: String,
    /// How it is to be signed.
    pub scheme: String,
    /// The text as the device shows it.
    pub text: String,
    /// Base64 of the exact bytes that the device signs.
    pub message: String,
}
