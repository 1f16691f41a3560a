//! Asking for signatures.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{Problem, Reason};

/// Body of `POST /v1/sign/solana`: exactly one of `message` and `transaction`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignSolana {
    /// `wal_…`
    pub wallet_id: String,
    /// Base64 of a serialized message (legacy, v0 or v1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Base64 of a serialized transaction; its other signatures are verified and kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Mints (base58) of token accounts that the message uses without naming their mint. A hint
    /// proves itself by address derivation or is useless; at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mints: Vec<String>,
    /// `req_…` of an approved request with the same intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_request_id: Option<String>,
}

/// One message of a batch.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    /// `wal_…`
    pub wallet_id: String,
    /// Base64 of a serialized message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Base64 of a serialized transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Mint hints, as in a single request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mints: Vec<String>,
    /// `req_…` of an approved request with the same intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_request_id: Option<String>,
    /// This message's own key, as the `Idempotency-Key` header of a single request.
    pub idempotency_key: String,
}

/// Body of `POST /v1/sign/solana/batch`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignBatch {
    /// 1 to 64 messages, judged in this order.
    pub items: Vec<BatchItem>,
}

/// Answer of a batch: one result per item, in order.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignBatchAnswer {
    /// Each as a single answer would be.
    pub results: Vec<BatchResult>,
}

/// One item's answer or error.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum BatchResult {
    /// What a single request would have answered with 200 or 202.
    Answer(Box<SignedAnswer>),
    /// What a single request would have answered as problem+json.
    Problem(Box<Problem>),
}

/// Query of the sign routes.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DryRunQuery {
    /// Only the decision and its reasons; nothing is reserved or signed.
    #[serde(default)]
    pub dry_run: bool,
}

/// How a request was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Signed.
    Allow,
    /// Refused.
    Deny,
    /// Waits for people.
    ApprovalRequired,
}

/// Answer to a sign request: 200 with a signature, 202 waiting for approval, or, with
/// `dry_run`, 200 with the decision alone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignedAnswer {
    /// `req_…`
    pub request_id: String,
    /// The decision.
    pub decision: Decision,
    /// The rule or rules that decided, joined by `, `.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Base58 Ed25519 signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Base64 transaction with this wallet's signature in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// The wallet's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Index of the audit entry that recorded this decision.
    pub log_index: u64,
    /// Group that has to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// How many of the group have to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u32>,
    /// When the wait for approvals ends, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Why, for `dry_run` answers that are not allowed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// What the message does, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<String>,
    /// What to do next, where nothing is signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
