use std::sync::Arc;

use countersign_audit::{Fetched, Frontier, tiles_for_frontier};
use countersign_intent::Timestamp;
use countersign_policy::LimitKey;
use countersign_policy::usage::Window;

use super::head::Head;
use super::limits::Limits;
use super::nonces::Nonces;
use super::reached::Recorded;
use super::rows::RowSeals;
use super::seal::{Sealer, Sums};
use super::windows::{Windows, limit_key};
use crate::{Cause, Store, StoreError, StoreResult, UsageRow};

/// What is in memory of what is stored. Only ever ahead of it by the batch at hand.
pub(super) struct Core {
    pub(super) frontier: Frontier,
    pub(super) next_seq: u64,
    pub(super) latest: Timestamp,
    pub(super) seal_version: u64,
    pub(super) windows: Windows,
    pub(super) nonces: Nonces,
    pub(super) sums: Sums,
    pub(super) reached: Recorded,
    pub(super) rows: RowSeals,
    /// Limits of which everything that is stored has expired: to be deleted, a few at a time.
    pub(super) expired: Vec<LimitKey>,
}

impl Core {
    pub(super) async fn load<S: Store>(
        store: &S,
        sealer: Sealer,
        limits: &Limits,
    ) -> StoreResult<Self> {
        let progress = store.progress().await?;
        let seal = store.authority_seal().await?;
        let frontier = load_frontier(store, progress.entries).await?;
        let nonces = store.nonces().await?;
        let reached = Recorded::load(store, progress).await?;
        let rows = RowSeals::new(Arc::clone(&sealer), progress.macs_from);
        let head = Head {
            size: frontier.size(),
            root: frontier.root(),
        };
        let latest = Timestamp::from_micros(progress.latest_micros);
        let mut expired = Vec::new();
        let newest = |row: &UsageRow| expired.extend(expired_key(row, latest));
        let sums = Sums::load(store, sealer, &nonces, reached.at(head), newest).await?;
        Ok(Self {
            frontier,
            next_seq: progress.last_request.saturating_add(1),
            latest,
            seal_version: seal.map_or(0, |seal| seal.version),
            windows: Windows::new(limits.windows),
            nonces: Nonces::load(nonces)?,
            sums,
            reached,
            rows,
            expired,
        })
    }

    pub(super) fn head(&self) -> Head {
        Head {
            size: self.frontier.size(),
            root: self.frontier.root(),
        }
    }
}

/// The limit of this row, if it no longer counts.
fn expired_key(newest: &UsageRow, now: Timestamp) -> Option<LimitKey> {
    let key = limit_key(&newest.limit_key)?;
    (newest.bucket < Window::new(key.window()).oldest_live(now)).then_some(key)
}

async fn load_frontier<S: Store>(store: &S, size: u64) -> StoreResult<Frontier> {
    let mut fetched = Fetched::default();
    for tile in tiles_for_frontier(size) {
        let hashes = store.hashes(tile.level, tile.first(), tile.width).await?;
        fetched.insert(tile, hashes);
    }
    let doing = || format!("reading the tree over {size} log entries");
    Frontier::load(&fetched, size)
        .map_err(|error| StoreError::Corrupt(Cause::from_error(doing(), error)))
}
