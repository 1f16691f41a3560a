//! Asking for signatures.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
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

/// Body of `POST /v1/sign/evm`: exactly one of `transaction` and `typed_data`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignEvm {
    /// `wal_…`
    pub wallet_id: String,
    /// An object of the transaction's fields (`type`, `chain_id`, `nonce`, `to`, `value`, `data`, `gas`,
    /// `gas_price` or `max_fee_per_gas` and `max_priority_fee_per_gas`, `access_list`; numbers as `0x…`
    /// or decimal strings), or a string of its unsigned raw bytes in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub transaction: Option<Box<RawValue>>,
    /// Typed data (EIP-712): an object of `types`, `primaryType`, `domain` and `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub typed_data: Option<Box<RawValue>>,
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

/// A signature, as its venue takes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum SignatureAnswer {
    /// Base58 of an Ed25519 signature, at Solana.
    Text(String),
    /// An ECDSA signature on secp256k1, at chains of the Ethereum virtual machine.
    Ecdsa(EcdsaSignature),
}

impl SignedAnswer {
    /// The signature, where it is a text.
    #[must_use]
    pub fn signature_text(&self) -> Option<&str> {
        match self.signature.as_ref()? {
            SignatureAnswer::Text(text) => Some(text),
            SignatureAnswer::Ecdsa(_) => None,
        }
    }
}

/// In one line: the text, or `r`, `s` and `v` after each other.
impl fmt::Display for SignatureAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Ecdsa(EcdsaSignature { r, s, v }) => write!(f, "r {r} s {s} v {v}"),
        }
    }
}

/// An ECDSA signature on secp256k1, `s` in the lower half of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EcdsaSignature {
    /// `0x` and 64 hexadecimal digits.
    pub r: String,
    /// `0x` and 64 hexadecimal digits.
    pub s: String,
    /// 27 or 28 for typed data; with the chain in it (EIP-155) for a legacy transaction; else 0 or 1.
    pub v: u64,
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
    /// The signature, as its venue takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureAnswer>,
    /// The transaction with this wallet's signature in place, ready to be sent: base64 for Solana,
    /// `0x…` for chains of the Ethereum virtual machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// What an EVM transaction is known by, or the digest of typed data: `0x…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
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
