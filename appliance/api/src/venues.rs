//! The registry of venues.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A credential field that a venue asks for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct AuthField {
    /// Name of the field.
    pub name: String,
    /// Whether its value is a secret, write-only.
    pub secret: bool,
}

/// Bounds on leverage.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LeverageBounds {
    /// Lowest, decimal.
    pub min: String,
    /// Highest, decimal.
    pub max: String,
}

/// A venue.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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
}
