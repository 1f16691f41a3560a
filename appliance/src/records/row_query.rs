//! Ways to look for rows.

use countersign_store::{AuthorityRow, Store, StoreResult};

use super::kind::RowKey;
use super::{Kind, Mac, RecordsError, row};

/// What is looked for.
pub(super) enum RowQuery<'a> {
    Id(Kind, [u8; 16]),
    Text(Kind, &'a str),
    /// Of a parent, after a place, at most so many.
    Page(Kind, Option<[u8; 16]>, Option<i64>, u32),
    /// Of a parent, before a place, the newest first, at most so many.
    Newest(Kind, Option<[u8; 16]>, Option<i64>, u32),
}

impl RowQuery<'_> {
    pub(super) async fn at(&self, db: &dyn Store) -> StoreResult<Vec<AuthorityRow>> {
        let one = |row: Option<AuthorityRow>| row.into_iter().collect();
        match self {
            Self::Id(kind, id) => db.authority(kind.as_str(), id).await.map(one),
            Self::Text(kind, text) => db.authority_by_lookup(kind.as_str(), text).await.map(one),
            Self::Page(kind, parent, after, limit) => {
                let parent = parent.as_ref().map(<[u8; 16]>::as_slice);
                db.authority_list(kind.as_str(), parent, *after, *limit)
                    .await
            }
            Self::Newest(kind, parent, before, limit) => {
                let parent = parent.as_ref().map(<[u8; 16]>::as_slice);
                db.authority_newest(kind.as_str(), parent, *before, *limit)
                    .await
            }
        }
    }
}

/// A row's name and MAC.
pub(super) fn keyed(row: &AuthorityRow) -> Result<(RowKey, Mac), RecordsError> {
    row::keyed_mac(row).ok_or_else(|| RecordsError::Unreadable {
        kind: row.kind.clone(),
        cause: "its kind, id or MAC has another shape".to_owned(),
    })
}
