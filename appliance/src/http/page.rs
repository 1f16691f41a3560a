//! Pages of rows of which the caller sees, or wants, a part.

use countersign_api::Page;

use super::error::ApiError;
use crate::records::{Record, Records, Stored};

/// Batches of rows that one page looks through at most: what is wanted may be rare. A page can
/// come back short of that, with a cursor that goes on.
pub(super) const BATCHES: u32 = 16;

/// Which rows come into a page, and how they are shown.
pub(super) trait Narrow<T>: Sync {
    /// A row on the wire.
    type Shown: Send;

    /// The row as shown; `None` if it is passed over.
    fn show(
        &self,
        row: &Stored<T>,
    ) -> impl Future<Output = Result<Option<Self::Shown>, ApiError>> + Send;
}

/// A page of up to `limit` rows after `after`.
pub(super) async fn narrowed<T: Record + Sync, N: Narrow<T>>(
    records: &Records,
    parent: Option<[u8; 16]>,
    mut after: Option<i64>,
    limit: u32,
    narrow: &N,
) -> Result<Page<N::Shown>, ApiError> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    for _ in 0..BATCHES {
        let rows = records.list::<T>(parent, after, limit).await?;
        let more = rows.len() >= wanted;
        for row in &rows {
            after = Some(row.seq);
            items.extend(narrow.show(row).await?);
            if items.len() >= wanted {
                return Ok(page(items, after));
            }
        }
        if !more {
            return Ok(page(items, None));
        }
    }
    Ok(page(items, after))
}

fn page<W>(items: Vec<W>, next: Option<i64>) -> Page<W> {
    Page {
        items,
        next_cursor: next.map(|seq| seq.to_string()),
    }
}
