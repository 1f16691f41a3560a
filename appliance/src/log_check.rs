//! The stored log, recomputed from its entries.
//!
//! The head of the log is known: the ledger's seal covers size and root, and memory has both while the
//! appliance runs. Nothing else about the middle of the log is looked at when it is appended to, so an
//! entry that somebody changed or took away would only be found by whoever exports it. This reads
//! all of it, a page at a time, and names the first entry that is not what was written.

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::{EMPTY_ROOT, Frontier, Node, leaf_hash};
use countersign_store::ledger::{Head, Ledger, RowSeals};
use countersign_store::{EntryRow, Store, StoreError};

use crate::clock::Clock;
use crate::phase::{CurrentPhase, Phase};

/// Entries read at once; a stored node spans as many.
const PAGE: u32 = 256;

/// What a running appliance waits between two pages: some 5,000 entries a second.
const PAUSE: Duration = Duration::from_millis(50);

/// What it waits before it begins again.
const BETWEEN: Duration = Duration::from_secs(10);

/// How soon a stop is noticed.
const STEP: Duration = Duration::from_millis(50);

/// How long a start recomputes; what is left is done while it runs.
pub const AT_START: Duration = Duration::from_secs(5);

/// What is wrong with the stored log.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// An entry that is not there.
    #[error(
        "log entry {index} is gone from the database, which has {size} entries; find out who wrote \
         to the database, then restore it from a backup"
    )]
    Gone {
        /// Its place.
        index: u64,
        /// Entries that were written.
        size: u64,
    },
    /// An entry that is not what was written.
    #[error(
        "log entry {index} was changed in the database: {what}; find out who wrote to the database, \
         then restore it from a backup"
    )]
    Changed {
        /// Its place.
        index: u64,
        /// What does not fit.
        what: &'static str,
    },
    /// A node of the stored tree that its entries do not make.
    #[error(
        "the stored hash over log entries {first} to {last} was changed in the database; find out who \
         wrote to the database, then restore it from a backup"
    )]
    Node {
        /// The first entry below it.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// Entries of an earlier version, which have no tags.
    #[error(
        "one of the first {size} log entries was changed in the database, leaf hash and all; `countersign \
         audit verify` of an export tells between which checkpoints"
    )]
    Root {
        /// How many they are.
        size: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LogFault {
    /// Whether the log is wrong, and not only out of reach.
    #[must_use]
    pub const fn is_found(&self) -> bool {
        !matches!(self, Self::Store(_))
    }
}

/// One pass over the log as it was when it began.
pub struct Pass<'a> {
    db: &'a dyn Store,
    rows: &'a RowSeals,
    head: Head,
    tags_from: u64,
    tree: Frontier,
}

impl std::fmt::Debug for Pass<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass")
            .field("at", &self.tree.size())
            .field("of", &self.head.size)
            .finish_non_exhaustive()
    }
}

impl<'a> Pass<'a> {
    /// Begins one over everything up to `head`.
    ///
    /// # Errors
    /// A database that does not answer.
    pub async fn begin(
        db: &'a dyn Store,
        rows: &'a RowSeals,
        head: Head,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            db,
            rows,
            head,
            tags_from: db.progress().await?.tags_from,
            tree: Frontier::default(),
        })
    }

    /// Looks at the next page; answers whether it was the last.
    ///
    /// # Errors
    /// The first entry that is not what was written.
    pub async fn page(&mut self) -> Result<bool, LogFault> {
        let left = self.head.size.saturating_sub(self.tree.size());
        let wanted = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let rows = self.db.entries(self.tree.size(), wanted).await?;
        for row in &rows {
            self.entry(row).await?;
        }
        let index = self.tree.size();
        if rows.is_empty() && index < self.head.size {
            let size = self.head.size;
            return Err(LogFault::Gone { index, size });
        }
        if index < self.head.size {
            return Ok(false);
        }
        if self.tree.root() != self.head.root {
            let size = self.tags_from;
            return Err(LogFault::Root { size });
        }
        Ok(true)
    }

    async fn entry(&mut self, row: &EntryRow) -> Result<(), LogFault> {
        let index = self.tree.size();
        if row.index != index {
            let size = self.head.size;
            return Err(LogFault::Gone { index, size });
        }
        let changed = |what| Err(LogFault::Changed { index, what });
        if leaf_hash(&row.entry) != row.leaf_hash {
            return changed("its bytes do not have its leaf hash");
        }
        if index >= self.tags_from && !self.rows.is_in_place(row) {
            return changed("its leaf hash is not the one that was written");
        }
        for node in self.tree.append(row.leaf_hash) {
            self.node(node).await?;
        }
        Ok(())
    }

    async fn node(&self, node: Node) -> Result<(), LogFault> {
        let stored = self.db.hashes(node.level, node.index, 1).await?;
        if stored == [node.hash] {
            return Ok(());
        }
        let span = 256_u64.saturating_pow(u32::from(node.level));
        let first = node.index.saturating_mul(span);
        let last = first.saturating_add(span).saturating_sub(1);
        Err(LogFault::Node { first, last })
    }
}

/// Recomputes all of it.
///
/// # Errors
/// As [`Pass::page`].
pub async fn whole(db: &dyn Store, rows: &RowSeals, head: Head) -> Result<(), LogFault> {
    let mut pass = Pass::begin(db, rows, head).await?;
    while !pass.page().await? {}
    Ok(())
}

/// The first entry that is not what was written, where nobody knows what the head should be because
/// the seal over it does not fit.
pub async fn named(db: &dyn Store, rows: &RowSeals) -> Option<LogFault> {
    let size = db.progress().await.ok()?.entries;
    let root = EMPTY_ROOT;
    match whole(db, rows, Head { size, root }).await {
        Ok(()) | Err(LogFault::Root { .. } | LogFault::Store(_)) => None,
        Err(fault) => Some(fault),
    }
}

/// Recomputes as much of it as there is time for at a start.
///
/// # Errors
/// As [`Pass::page`].
pub async fn at_start(check: &LogCheck) -> Result<(), LogFault> {
    let head = *check.ledger.head().borrow();
    let mut pass = Pass::begin(&*check.db, check.ledger.rows(), head).await?;
    let until = check.clock.monotonic().saturating_add(AT_START);
    while !pass.page().await? {
        if check.clock.monotonic() >= until {
            tracing::info!("the rest of the log is recomputed while the appliance runs");
            break;
        }
    }
    Ok(())
}

/// What recomputes the stored log.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct LogCheck {
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The one writer, who knows what the log is.
    pub ledger: Ledger,
    /// How long a start may take.
    pub clock: Arc<dyn Clock>,
    /// When to end.
    pub phase: Arc<CurrentPhase>,
}

/// Recomputes it again and again, paced. Ends, with what is wrong, where the log is not what was written,
/// and with nothing once the appliance halts.
pub async fn watch(check: Arc<LogCheck>) -> Option<String> {
    loop {
        match paced(&check).await {
            Ok(()) => metrics::counter!("countersign_log_recomputed_total").increment(1),
            Err(error) if error.is_found() => {
                metrics::counter!("countersign_tampered_rows_total").increment(1);
                tracing::error!(%error, "the log is not what was written; the appliance ends");
                return Some(error.to_string());
            }
            Err(error) => tracing::warn!(%error, "the log was not recomputed"),
        }
        if !wait(&check, BETWEEN).await {
            return None;
        }
    }
}

async fn paced(check: &LogCheck) -> Result<(), LogFault> {
    let head = *check.ledger.head().borrow();
    let mut pass = Pass::begin(&*check.db, check.ledger.rows(), head).await?;
    while !pass.page().await? {
        if !wait(check, PAUSE).await {
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the appliance runs still.
async fn wait(check: &LogCheck, time: Duration) -> bool {
    let mut waited = Duration::ZERO;
    while waited < time {
        if check.phase.get() == Phase::Halted {
            return false;
        }
        tokio::time::sleep(STEP).await;
        waited += STEP;
    }
    check.phase.get() != Phase::Halted
}
