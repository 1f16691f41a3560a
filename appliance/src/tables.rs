//! Contents of address lookup tables, as somebody other than the asking bot attests them.
//!
//! On the chain a table only grows, and its address is never used for another one. So what was
//! observed once stays true, a feed that says otherwise is wrong, and what lies beyond the
//! observed length is not known: its authority can still fill it.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_decode::solana::Tables as Lookup;
use countersign_intent::{Address, Role};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError};

/// Tables known at once.
pub const MOST_TABLES: usize = 1_024;
/// Entries of a table: an index is one byte.
pub const MOST_ENTRIES: usize = 256;

/// A table as recorded. Addresses are base58.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRecord {
    /// The table.
    pub address: String,
    /// Its entries, as far as they were observed.
    pub entries: Vec<String>,
    /// Who fed it last.
    pub fed_by: String,
    /// When it grew last, microseconds since the Unix epoch.
    pub fed_at: i64,
    /// When an operator removed it, microseconds since the Unix epoch. From then on only an
    /// operator can feed it, from its first entry.
    pub removed_at: Option<i64>,
}

impl Record for TableRecord {
    const KIND: Kind = Kind::Table;

    fn lookup(&self) -> Option<String> {
        Some(self.address.clone())
    }
}

/// Why a feed is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FeedError {
    /// It contradicts what is known.
    #[error(
        "entry {index} of table `{table}` is known to be `{known}`, got `{fed}`; entries of a \
         table never change, so one of the two feeds is wrong: find out which, and remove the \
         table if it was the earlier one"
    )]
    Differs {
        /// The table.
        table: String,
        /// Where.
        index: usize,
        /// What is known.
        known: String,
        /// What came.
        fed: String,
    },
    /// It does not follow on what is known.
    #[error(
        "{known} entries of table `{table}` are known; expected `from` to be at most that, got {from}"
    )]
    Gap {
        /// The table.
        table: String,
        /// How many are known.
        known: usize,
        /// Where the feed begins.
        from: usize,
    },
    /// More than a table can have, or nothing.
    #[error(
        "a feed has 1 entry or more, and a table at most {MOST_ENTRIES}; this one would have {0}"
    )]
    Length(usize),
    /// An operator distrusts it.
    #[error("table `{0}` was removed by an operator; only an operator can feed it again")]
    Removed(String),
    /// No more tables.
    #[error("{MOST_TABLES} tables are known already, which is the most; remove some first")]
    Full,
}

/// The entries of a table after a feed; `None` if it says nothing new.
///
/// # Errors
/// A feed that is not understood or contradicts what is known.
pub fn extend(
    known: Option<&TableRecord>,
    feeder: Role,
    table: &str,
    from: usize,
    fed: &[String],
) -> Result<Option<Vec<String>>, FeedError> {
    let removed = known.is_some_and(|known| known.removed_at.is_some());
    if removed && feeder != Role::Operator {
        return Err(FeedError::Removed(table.to_owned()));
    }
    let known = known.filter(|_| !removed);
    let entries = known.map_or(&[][..], |known| &known.entries);
    let length = from.saturating_add(fed.len());
    if fed.is_empty() || length > MOST_ENTRIES {
        return Err(FeedError::Length(length));
    }
    let Some(overlap) = entries.get(from..) else {
        return Err(FeedError::Gap {
            table: table.to_owned(),
            known: entries.len(),
            from,
        });
    };
    let mut pairs = overlap.iter().zip(fed).enumerate();
    if let Some((at, (known, fed))) = pairs.find(|(_, (known, fed))| known != fed) {
        return Err(FeedError::Differs {
            table: table.to_owned(),
            index: from.saturating_add(at),
            known: known.clone(),
            fed: fed.clone(),
        });
    }
    let new = fed.get(overlap.len()..).filter(|new| !new.is_empty());
    Ok(new.map(|new| entries.iter().chain(new).cloned().collect()))
}

/// Every table, at one moment.
#[derive(Debug, Default, Clone)]
pub struct Attested {
    tables: HashMap<Address, Arc<[Address]>>,
    // What is read by an older version is read more strictly, unless a table was removed since.
    removals: u64,
}

impl Lookup for Attested {
    fn entries(&self, table: &Address) -> Option<&[Address]> {
        self.tables.get(table).map(AsRef::as_ref)
    }
}

/// The tables that decisions see.
#[derive(Debug, Default)]
pub struct Tables(ArcSwap<Attested>);

impl Tables {
    /// Reads every table.
    ///
    /// # Errors
    /// As [`Records::all`], or an address that cannot be read.
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        let mut all = Attested::default();
        for stored in records.all::<TableRecord>(None).await? {
            if stored.record.removed_at.is_none() {
                let (table, entries) = read(&stored.record)?;
                all.tables.insert(table, entries);
            }
        }
        self.0.store(Arc::new(all));
        Ok(())
    }

    /// Every table now.
    #[must_use]
    pub fn current(&self) -> Arc<Attested> {
        self.0.load_full()
    }

    /// Whether no table was removed since this was read.
    #[must_use]
    pub fn still_hold(&self, read: &Attested) -> bool {
        self.0.load().removals == read.removals
    }

    /// Whether another table fits.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.0.load().tables.len() < MOST_TABLES
    }

    /// Takes in a table that was recorded. The caller has the turn to write.
    ///
    /// # Errors
    /// An address that cannot be read.
    pub fn put(&self, record: &TableRecord) -> Result<(), RecordsError> {
        let (table, entries) = read(record)?;
        let mut all = Attested::clone(&self.0.load());
        all.tables.insert(table, entries);
        self.0.store(Arc::new(all));
        Ok(())
    }

    /// Forgets a table that was removed. The caller has the turn to write.
    ///
    /// # Errors
    /// An address that cannot be read.
    pub fn remove(&self, record: &TableRecord) -> Result<(), RecordsError> {
        let (table, _) = read(record)?;
        let mut all = Attested::clone(&self.0.load());
        all.tables.remove(&table);
        all.removals = all.removals.saturating_add(1);
        self.0.store(Arc::new(all));
        Ok(())
    }
}

fn read(record: &TableRecord) -> Result<(Address, Arc<[Address]>), RecordsError> {
    let unreadable = |_| RecordsError::Unreadable {
        kind: Kind::Table.as_str().to_owned(),
        cause: format!("table {} has an address of another shape", record.address),
    };
    let entries: Result<Arc<[Address]>, _> =
        record.entries.iter().map(|entry| entry.parse()).collect();
    let table = record.address.parse().map_err(unreadable)?;
    Ok((table, entries.map_err(unreadable)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(entries: &[&str], removed_at: Option<i64>) -> TableRecord {
        TableRecord {
            address: "t".to_owned(),
            entries: texts(entries),
            fed_by: "gateway/g".to_owned(),
            fed_at: 0,
            removed_at,
        }
    }

    fn texts(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|one| (*one).to_owned()).collect()
    }

    fn feed(
        known: Option<&TableRecord>,
        from: usize,
        fed: &[&str],
    ) -> Result<Option<Vec<String>>, FeedError> {
        extend(known, Role::Gateway, "t", from, &texts(fed))
    }

    #[test]
    fn a_table_only_grows() {
        let ab = known(&["a", "b"], None);
        assert_eq!(feed(None, 0, &["a"]), Ok(Some(texts(&["a"]))));
        assert_eq!(feed(Some(&ab), 0, &["a", "b"]), Ok(None));
        assert_eq!(feed(Some(&ab), 0, &["a"]), Ok(None));
        let abc = Ok(Some(texts(&["a", "b", "c"])));
        assert_eq!(feed(Some(&ab), 0, &["a", "b", "c"]), abc);
        assert_eq!(feed(Some(&ab), 1, &["b", "c"]), abc);
        assert_eq!(feed(Some(&ab), 2, &["c"]), abc);
    }

    #[test]
    fn a_feed_that_contradicts_is_refused_by_index() {
        let ab = known(&["a", "b"], None);
        for (from, fed) in [(0, &["a", "x"][..]), (0, &["a", "x", "c"]), (1, &["x"])] {
            let error = feed(Some(&ab), from, fed).unwrap_err();
            assert!(
                matches!(error, FeedError::Differs { index: 1, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn gaps_nothing_and_too_much_are_refused() {
        let ab = known(&["a", "b"], None);
        assert!(matches!(
            feed(Some(&ab), 3, &["d"]),
            Err(FeedError::Gap { known: 2, .. })
        ));
        assert!(matches!(
            feed(None, 1, &["a"]),
            Err(FeedError::Gap { known: 0, .. })
        ));
        assert_eq!(feed(Some(&ab), 0, &[]), Err(FeedError::Length(0)));
        let most = vec!["a"; MOST_ENTRIES];
        assert!(feed(None, 0, &most).is_ok());
        assert_eq!(feed(Some(&ab), 2, &most), Err(FeedError::Length(258)));
    }

    #[test]
    fn what_an_operator_removed_only_an_operator_feeds_anew() {
        let removed = known(&["a", "b"], Some(1));
        assert_eq!(
            feed(Some(&removed), 0, &["a"]),
            Err(FeedError::Removed("t".to_owned()))
        );
        let anew = extend(Some(&removed), Role::Operator, "t", 0, &texts(&["x"]));
        assert_eq!(anew, Ok(Some(texts(&["x"]))));
    }
}
