//! The roles of the contract, as routes name them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The role part of a client's SPIFFE id.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Asks for signatures.
    Bot,
    /// Creates users and wallets.
    Gateway,
    /// May only tighten.
    Risk,
    /// Operates the appliance.
    Operator,
    /// Reads and verifies.
    Auditor,
}
