//! Wallets: one key of one user at one venue.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A limit that one wallet carries beside the policy's, in the words of a policy's `[[limits]]`.
/// Exactly one of `max_amount`, `max_usd` and `max_count` is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WalletLimit {
    /// Unique in the wallet: 1 to 64 characters out of `A-Z a-z 0-9 . _ -`.
    pub name: String,
    /// The action it counts, e.g. `withdrawal` or `trade`, or `any`.
    pub action: String,
    /// The asset of `max_amount`, e.g. `SOL`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// Length of the sliding window, e.g. `24h`.
    pub window: String,
    /// Most of the asset, in its display unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_amount: Option<String>,
    /// Most worth, in dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd: Option<String>,
    /// Most requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_count: Option<u64>,
}

/// Body of `PATCH /v1/wallets/{id}/managed`: the limits of a risk manager, beside the user's.
/// They can only be tightened.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManageWallet {
    /// All of them, at most 16; those there are have to stay or become tighter.
    pub limits: Vec<WalletLimit>,
}

/// Body of `POST /v1/wallets/{id}/pause`; it may be left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PauseWallet {
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Body of `POST /v1/wallets`. One wallet per user, venue, environment and name: created on the first
/// call, returned after. Without a name the first one there is meant.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWallet {
    /// `usr_…`
    pub user_id: String,
    /// Slug of a venue, e.g. `solana`.
    pub venue: String,
    /// `mainnet` (unless told) or `testnet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Tells several wallets of the user at the venue apart, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the key lives: `resident`, `wrapped` or `envelope`; what the operator configured
    /// unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<String>,
    /// The user's own limits, at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<WalletLimit>,
}

/// Body of `PATCH /v1/wallets/{id}`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchWallet {
    /// A name for people, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user's own limits, all of them. Tighter ones hold at once; looser ones are a governed
    /// change, and the answer is a `PendingChange`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<WalletLimit>>,
}

/// What a wallet may do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WalletStatus {
    /// Signs what policy allows.
    Active,
    /// Signs nothing until resumed.
    Paused,
    /// Signs nothing ever again.
    Archived,
}

/// A wallet. Never a secret.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Wallet {
    /// `wal_…`
    pub id: String,
    /// `usr_…`
    pub user_id: String,
    /// Slug of the venue.
    pub venue: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address that the venue knows the key by: base58 at Solana, `0x…` with its checksum (EIP-55)
    /// at chains of the Ethereum virtual machine.
    pub address: String,
    /// `ed25519` or `secp256k1`.
    pub key_type: String,
    /// The public key, hexadecimal: 32 bytes of Ed25519, 65 of an uncompressed point.
    pub public_key: String,
    /// `resident`, `wrapped` or `envelope`; see ARCHITECTURE.md, Custody.
    pub custody: String,
    /// Whether the key was made outside: whoever had it may still have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
    /// What the wallet may do now.
    pub status: WalletStatus,
    /// The user's own limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<WalletLimit>,
    /// A risk manager's limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed: Vec<WalletLimit>,
    /// RFC 3339 UTC.
    pub created_at: String,
    /// When the wallet last got a new key, or, for one that holds a replaced key, when that was
    /// replaced; RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<String>,
    /// `wal_…` that holds the key before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_from: Option<String>,
    /// `wal_…` whose key this was; nobody may use it before it is granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_to: Option<String>,
}

/// Answer to `POST /v1/wallets/{id}/rotate`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RotatedWallet {
    /// The wallet with its new key and address.
    #[serde(flatten)]
    pub wallet: Wallet,
    /// Where the key before it is now.
    pub previous: PreviousKey,
}

/// The wallet that a replaced key moved to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviousKey {
    /// `wal_…`; without grants.
    pub id: String,
    /// The address the wallet had.
    pub address: String,
}

/// Answer to `POST /v1/wallets/{id}/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WalletCheck {
    /// `wal_…`
    pub wallet_id: String,
    /// The public address that was held against the key.
    pub address: String,
    /// Whether the HSM holds the key of this address now.
    pub ok: bool,
    /// Why not, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339 UTC.
    pub checked_at: String,
    /// Index of the entry in the log.
    pub log_index: u64,
}

/// Query of `GET /v1/wallets`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct WalletQuery {
    /// Only wallets of this user.
    pub user_id: Option<String>,
    /// Only wallets at this venue.
    pub venue: Option<String>,
    /// Only wallets in this state: `active`, `paused` or `archived`.
    pub status: Option<String>,
    /// Only wallets that this bot was granted.
    pub bot: Option<String>,
    /// Only wallets made at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// Only what changed since the log had got this far, the `revision` of an earlier answer.
    /// Without a cursor.
    pub after: Option<u64>,
    /// With `after`: how long to wait for something to change, e.g. `30s`, 60 s at most.
    pub wait: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}
