//! Users of a platform.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/users`. The same `external_id` gives the same user.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// The platform's own name for this user, 1 to 128 printable characters.
    pub external_id: String,
    /// A name for people, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Service tier that policies may match, at most 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
}

/// A user.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// `usr_…`
    pub id: String,
    /// The platform's own name for this user.
    pub external_id: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Service tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// RFC 3339 UTC.
    pub created_at: String,
}
