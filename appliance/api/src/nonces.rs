//! Durable nonces: what was observed of them, and what is held until they advance.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Body of `POST /v1/nonces/{account}`: the value of a nonce account as it was observed in
/// finalised state.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ObserveNonce {
    /// The nonce value that the account holds, base58.
    pub nonce: String,
    /// The slot it was observed at: `context.slot` of the node's answer.
    pub slot: u64,
}

/// A nonce account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Nonce {
    /// The account.
    pub account: String,
    /// The wallet it is registered for, `wal_…`; absent once it is registered no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// The value observed last, base58; absent before the first observation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The slot it was observed at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u64>,
    /// The request that may have a signature over this value, `req_…`; what it reserved is held
    /// until another value is observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
}

/// Query of `GET /v1/nonces`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct NonceQuery {
    /// Only those of this wallet, `wal_…`.
    pub wallet_id: Option<String>,
    /// Only those that are `free`, `held` by a request, or `unknown` for want of an observation.
    pub status: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
