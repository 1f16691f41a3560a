//! Wallets whose keys were made outside.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::WalletLimit;

/// Body of `POST /v1/wallets/import`: as `CreateWallet`, with the key.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportWallet {
    /// `usr_…`
    pub user_id: String,
    /// Slug of a venue, e.g. `solana`.
    pub venue: String,
    /// `mainnet` (unless told) or `testnet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A name for people, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the key is to live: `resident` or `envelope`; what the operator configured unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<String>,
    /// The user's own limits, at most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<WalletLimit>,
    /// The 64 bytes of the Solana keypair (seed, public key) as a JWE in compact serialisation
    /// (RFC 7516): `RSA-OAEP` to the key of `GET /v1/wallets/import-key`, `A256GCM`, and a protected
    /// header of exactly [`SealedHeader`].
    pub sealed: String,
}

/// The protected header of a sealed key. User, venue and environment are those of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedHeader {
    /// `RSA-OAEP`
    pub alg: String,
    /// `A256GCM`
    pub enc: String,
    /// `kid` of the import key.
    pub kid: String,
    /// `usr_…`
    pub user_id: String,
    /// Slug of the venue.
    pub venue: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// When it stops being good, at most seven days ahead: seconds since the Unix epoch.
    pub exp: i64,
}

/// The HSM's import key as a JWK (RFC 7517); answer to `GET /v1/wallets/import-key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportKey {
    /// `RSA`
    pub kty: String,
    /// `enc`
    #[serde(rename = "use")]
    pub usage: String,
    /// `RSA-OAEP`
    pub alg: String,
    /// The JWK's thumbprint (RFC 7638, SHA-256). `countersignd doctor` shows it too: compare them
    /// before sealing, for whoever hands out another key can open what is sealed to it.
    pub kid: String,
    /// Modulus, base64url.
    pub n: String,
    /// Exponent, base64url.
    pub e: String,
    /// When this was answered, seconds since the Unix epoch: `exp` of a sealed key is at most seven
    /// days after it.
    pub iat: i64,
}
