//! Contents of address lookup tables, as they are fed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/tables`: entries of a table as they were observed in finalised state. What
/// is known already has to be equal; what is new has to follow it without a gap.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedTable {
    /// The table.
    pub address: String,
    /// Index of the first of `addresses`; 0 unless told.
    #[serde(default)]
    pub from: u16,
    /// The entries, in order; a table has at most 256.
    pub addresses: Vec<String>,
}

/// A lookup table as far as it was observed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct LookupTable {
    /// The table.
    pub address: String,
    /// How many entries were observed; an index beyond them is refused.
    pub length: u16,
    /// Who fed it last.
    pub fed_by: String,
    /// When it grew last, RFC 3339 UTC.
    pub fed_at: String,
    /// The entries, in order. Not in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}
