//! Pages of lists.
//!
//! Every list answers newest first, in pages: `limit` entries at most, and `next` where there are
//! more. What `next` says is sent back as `cursor`, with the same filters. A cursor is good for as
//! long as the list is, also over a restart. A page may be short, or empty, and still have a
//! `next`: it looked through as many entries as one page may and what is wanted is rare.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Query of a list without filters of its own.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Only entries made at this time or later: RFC 3339, or how long ago, e.g. `24h`.
    pub since: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Entries wanted, 1 to 500; 100 unless told.
    pub limit: Option<u32>,
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The entries, newest first.
    pub items: Vec<T>,
    /// Where the next page starts, the `cursor` to ask for it with; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
    /// The same under the name that it had first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_cursor: Option<String>,
    /// How far the log had got: what changes from here on is told by `after`. Of wallets and
    /// requests only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<u64>,
}

impl<T> Page<T> {
    /// A page, with where the next one starts if there is one.
    #[must_use]
    pub fn new(items: Vec<T>, next: Option<String>) -> Self {
        Self {
            items,
            next_cursor: next.clone(),
            next,
            revision: None,
        }
    }

    /// The same page with the revision it was read at.
    #[must_use]
    pub fn at(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }
}
