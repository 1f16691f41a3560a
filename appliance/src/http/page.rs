//! Pages of rows of which the caller sees, or wants, a part: the newest first.

use countersign_api::Page;
use countersign_intent::Timestamp;

use super::convert;
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

    /// Whether neither this row nor any older one is wanted.
    fn ends(&self, _: &Stored<T>) -> bool {
        false
    }
}

/// Rows that need nothing else to be shown.
pub(super) struct Shown<F> {
    /// The row as shown; `None` if it is passed over.
    pub(super) show: F,
    /// What is older than this is not wanted.
    pub(super) since: Option<Timestamp>,
}

/// When a row was made.
pub(super) trait Dated {
    /// Microseconds since the Unix epoch.
    fn made_at(&self) -> i64;
}

impl<T: Dated + Sync, W: Send, F: Fn(&Stored<T>) -> Option<W> + Sync> Narrow<T> for Shown<F> {
    type Shown = W;

    async fn show(&self, row: &Stored<T>) -> Result<Option<W>, ApiError> {
        Ok((self.show)(row))
    }

    fn ends(&self, row: &Stored<T>) -> bool {
        is_before(row, self.since)
    }
}

/// Whether a row was made before this.
pub(super) fn is_before<T: Dated>(row: &Stored<T>, since: Option<Timestamp>) -> bool {
    since.is_some_and(|since| row.record.made_at() < since.micros())
}

/// Which part of a list: those before a place, so many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    before: Option<i64>,
    limit: u32,
}

impl Part {
    /// Reads a limit alone.
    pub(super) fn first(limit: Option<u32>) -> Result<Self, ApiError> {
        Self::read(None, limit)
    }

    /// Reads cursor and limit.
    pub(super) fn read(cursor: Option<&str>, limit: Option<u32>) -> Result<Self, ApiError> {
        Ok(Self {
            before: convert::cursor(cursor)?,
            limit: convert::page_size(limit)?,
        })
    }

    /// Entries wanted.
    pub(super) const fn limit(self) -> u32 {
        self.limit
    }
}

/// A page of the rows that `narrow` takes.
pub(super) async fn narrowed<T: Record + Sync, N: Narrow<T>>(
    records: &Records,
    parent: Option<[u8; 16]>,
    part: Part,
    narrow: &N,
) -> Result<Page<N::Shown>, ApiError> {
    let Part { mut before, limit } = part;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut items = Vec::new();
    for _ in 0..BATCHES {
        // One more, to tell a full page from the last one.
        let rows = records.newest::<T>(parent, before, limit + 1).await?;
        let more = rows.len() > wanted;
        for row in &rows {
            if narrow.ends(row) {
                return Ok(Page::new(items, None));
            }
            if items.len() >= wanted {
                return Ok(Page::new(items, before.map(|seq| seq.to_string())));
            }
            before = Some(row.seq);
            items.extend(narrow.show(row).await?);
        }
        if !more {
            return Ok(Page::new(items, None));
        }
    }
    Ok(Page::new(items, before.map(|seq| seq.to_string())))
}

/// A page of a list that is in memory, in its order; each entry has a name of its own, and the
/// cursor is that of the last one.
pub(super) fn cut<W>(
    all: Vec<W>,
    name: impl Fn(&W) -> String + Copy,
    cursor: Option<&str>,
    limit: Option<u32>,
) -> Result<Page<W>, ApiError> {
    let limit = usize::try_from(convert::page_size(limit)?).unwrap_or(usize::MAX);
    let from = match cursor {
        None => 0,
        Some(cursor) => all
            .iter()
            .position(|one| name(one) == cursor)
            .map(|at| at + 1)
            .ok_or_else(|| convert::no_cursor(cursor))?,
    };
    let more = all.len() > from.saturating_add(limit);
    let items: Vec<W> = all.into_iter().skip(from).take(limit).collect();
    let next = items.last().filter(|_| more).map(name);
    Ok(Page::new(items, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_in_memory_comes_in_pages() {
        let all = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let page = |cursor, limit| cut(all(), String::clone, cursor, limit);
        let first = page(None, Some(2)).unwrap();
        assert_eq!((first.items.len(), first.next.as_deref()), (2, Some("b")));
        assert_eq!(first.next_cursor, first.next);
        let last = page(Some("b"), Some(2)).unwrap();
        assert_eq!((last.items, last.next), (vec!["c".to_owned()], None));
        assert_eq!(page(None, Some(3)).unwrap().next, None);
        assert!(page(Some("z"), None).is_err());
        assert!(page(None, Some(0)).is_err());
    }
}
