//! What the appliance is told about accounts that no message explains.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is registered; as body of `POST /v1/registrations` a governed change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Registered {
    /// A token account of a wallet that is not an associated one.
    TokenAccount {
        /// `wal_…`
        wallet_id: String,
        /// The token account.
        account: String,
        /// Its mint.
        mint: String,
    },
    /// A durable-nonce account of a wallet, which is its authority.
    NonceAccount {
        /// `wal_…`
        wallet_id: String,
        /// The nonce account.
        account: String,
    },
    /// An order-book market, whose lot sizes no message shows.
    Market {
        /// The market account.
        market: String,
        /// Mint of the base asset.
        base_mint: String,
        /// Mint of the quote asset.
        quote_mint: String,
        /// Base units of the base asset in one base lot; at least 1.
        base_lot: u64,
        /// Base units of the quote asset in one quote lot; at least 1.
        quote_lot: u64,
        /// What a taker pays, in basis points.
        taker_fee_bps: u16,
    },
    /// An account that takes tips, besides Jito's eight.
    TipAccount {
        /// The account.
        account: String,
    },
}

/// A registration.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Registration {
    /// `rgn_…`
    pub id: String,
    /// What is registered.
    pub registered: Registered,
    /// The request that people agreed to, `req_…`.
    pub request_id: String,
    /// RFC 3339 UTC.
    pub registered_at: String,
    /// RFC 3339 UTC, once taken off the register.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<String>,
}

/// Query of `GET /v1/registrations`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RegistrationQuery {
    /// Only those of this kind, e.g. `token_account`.
    pub kind: Option<String>,
    /// Only those of this wallet, `wal_…`.
    pub wallet_id: Option<String>,
    /// `active` unless told, `removed` or `any`.
    pub status: Option<String>,
    /// Only entries made at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
