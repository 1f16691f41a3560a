//! What a call would do.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Decision;

/// Query of every route that changes something.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct RehearseQuery {
    /// Only say what would happen: the same checks and errors, and nothing is changed. It takes no
    /// one-time code.
    #[serde(default)]
    pub dry_run: bool,
}

/// Answer to a call with `dry_run=true` that would not be refused.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Rehearsed {
    /// `true`: nothing was changed.
    pub dry_run: bool,
    /// `allow` if it would be done at once, `approval_required` if people would be asked.
    pub decision: Decision,
    /// What the log would say of it; nothing where nothing would change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entries: Vec<RehearsedEntry>,
    /// What people would be asked: the answer of the call itself, without request and log entry.
    #[schema(value_type = Object)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<serde_json::Value>,
}

/// An entry that the log would get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RehearsedEntry {
    /// What would be done, e.g. `grant_created`.
    pub kind: String,
    /// To what; a new thing's identifier is another one when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The details, as far as they are known beforehand.
    #[schema(value_type = Object)]
    pub detail: serde_json::Value,
}
