//! Versions of the policy.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/policies`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposePolicy {
    /// The whole policy file.
    pub text: String,
}

/// A version without its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PolicySummary {
    /// `pol_…`
    pub id: String,
    /// The `name` of the policy file.
    pub name: String,
    /// 1 for the first, counting up.
    pub version: u64,
    /// Hex SHA-256 of the policy text.
    pub hash: String,
    /// Whether this version decides now.
    pub active: bool,
    /// RFC 3339 UTC.
    pub created_at: String,
}

/// A version with its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// The version.
    #[serde(flatten)]
    pub summary: PolicySummary,
    /// The whole policy file.
    pub text: String,
}
