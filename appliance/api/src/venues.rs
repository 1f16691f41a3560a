//! The registry of venues.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A credential field that a venue asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthField {
    /// Name of the field.
    pub name: String,
    /// Whether its value is a secret, write-only.
    #[serde(default)]
    pub secret: bool,
    /// Whether it has to be given; it has to unless told.
    #[serde(default = "yes")]
    pub required: bool,
}

/// Bounds on leverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeverageBounds {
    /// Lowest, decimal.
    pub min: String,
    /// Highest, decimal.
    pub max: String,
}

/// A venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Venue {
    /// `ven_…`
    pub id: String,
    /// e.g. `solana`
    pub slug: String,
    /// `chain` or `exchange`.
    pub kind: String,
    /// Credential fields; none for chains, whose keys are made here.
    pub auth_fields: Vec<AuthField>,
    /// e.g. `spot`.
    pub features: Vec<String>,
    /// Bounds on leverage, where the venue has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leverage: Option<LeverageBounds>,
    /// Assets by symbol, or `any`.
    pub supported_assets: Vec<String>,
    /// Environments, e.g. `mainnet`, `testnet`.
    pub environments: Vec<String>,
    /// Whether its wallets sign.
    pub enabled: bool,
    /// Whether this build can sign for it. What it cannot sign for can be registered, and has no
    /// wallets.
    pub signable: bool,
}

/// Body of `POST /v1/venues`: a governed change.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateVenue {
    /// 1 to 32 characters out of `a-z 0-9 -`; it never changes.
    pub slug: String,
    /// `chain` or `exchange`.
    pub kind: String,
    /// Credential fields, at most 16.
    #[serde(default)]
    pub auth_fields: Vec<AuthField>,
    /// What can be done there, e.g. `spot`; at most 32.
    #[serde(default)]
    pub features: Vec<String>,
    /// Bounds on leverage, where the venue has any.
    #[serde(default)]
    pub leverage: Option<LeverageBounds>,
    /// Assets by symbol, at most 1000, or `any` alone. An empty list is no asset.
    #[serde(default)]
    pub supported_assets: Vec<String>,
    /// `mainnet`, `testnet` or both; `mainnet` unless told.
    #[serde(default)]
    pub environments: Option<Vec<String>>,
    /// Whether its wallets sign; they do unless told.
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// Body of `PATCH /v1/venues/{slug}`: a governed change. What is left out stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchVenue {
    /// `chain` or `exchange`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// All credential fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_fields: Option<Vec<AuthField>>,
    /// All features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<String>>,
    /// Bounds on leverage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leverage: Option<LeverageBounds>,
    /// All assets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported_assets: Option<Vec<String>>,
    /// All environments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environments: Option<Vec<String>>,
    /// Whether its wallets sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// Query of `GET /v1/venues`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct VenueQuery {
    /// Only those of this kind: `chain` or `exchange`.
    pub kind: Option<String>,
    /// Only `enabled` or `disabled` ones.
    pub status: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

const fn yes() -> bool {
    true
}
