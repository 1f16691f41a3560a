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
    /// What is likely to be a mistake in it; told where it is proposed, and of the active one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<PolicyFinding>,
    /// That what was proposed is the active policy already, so that nothing was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
}

/// One thing that is likely to be a mistake in a policy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct PolicyFinding {
    /// `error`: bots alone can lose all of it; `warning`: it may lose money, or stop what should
    /// go on; `notice`: it does nothing, or not what it seems to do.
    pub severity: String,
    /// The rule, limit or destination it is about.
    pub subject: String,
    /// What is wrong, and what to do.
    pub message: String,
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
