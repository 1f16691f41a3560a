//! A database in memory: the same contract, and failures on demand.

mod faults;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use countersign_audit::Hash;
use countersign_intent::{RequestId, Timestamp};
use tokio::sync::OwnedMutexGuard;

pub use faults::{Fault, Point};

use crate::contract::REQUEST_SCAN;
use crate::{
    AuthorityMac, AuthorityRow, AuthoritySeal, CheckpointRow, EntryRow, IdempotencyKey,
    KeptRequest, NonceRow, PAGE_LIMIT, Progress, RequestFilter, SequenceRow, Store, StoreResult,
    StoredRequest, Txn, UsageRow, Writes, request_seq,
};
use faults::Plan;
use state::State;

/// A database in memory. Clones share it, which is how a test reopens it: what was committed
/// is there, everything else is gone.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    plan: Mutex<Plan>,
    writer: Arc<tokio::sync::Mutex<()>>,
}

/// The one transaction of a [`MemoryStore`].
#[derive(Debug)]
pub struct MemoryTxn {
    shared: Arc<Shared>,
    _writer: OwnedMutexGuard<()>,
}

impl MemoryStore {
    /// An empty database.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the `nth` call at `point` from now on fail, 1 being the next one.
    pub fn fail(&self, point: Point, nth: u32, fault: Fault) {
        lock(&self.shared.plan).add(point, nth, fault);
    }

    /// Takes back the failures that are planned and did not happen yet.
    pub fn clear_faults(&self) {
        lock(&self.shared.plan).clear();
    }

    /// How many rows there are about the use of limits.
    #[must_use]
    pub fn usage_rows(&self) -> usize {
        lock(&self.shared.state).usage.len()
    }

    /// How often `point` was reached.
    #[must_use]
    pub fn reached(&self, point: Point) -> u32 {
        lock(&self.shared.plan).reached(point)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// A read, which fails if that is planned.
    fn read<T>(&self, point: Point, read: impl FnOnce(&State) -> T) -> StoreResult<T> {
        lock(&self.plan).pass(point)?;
        Ok(read(&lock(&self.state)))
    }
}

fn page(limit: u32) -> usize {
    usize::try_from(limit.min(PAGE_LIMIT)).unwrap_or(usize::MAX)
}

#[async_trait]
impl Store for MemoryStore {
    async fn close(&self) -> StoreResult<()> {
        Ok(())
    }

    async fn begin(&self) -> StoreResult<Box<dyn Txn>> {
        lock(&self.shared.plan).pass(Point::Begin)?;
        Ok(Box::new(MemoryTxn {
            shared: Arc::clone(&self.shared),
            _writer: Arc::clone(&self.shared.writer).lock_owned().await,
        }))
    }

    async fn progress(&self) -> StoreResult<Progress> {
        self.shared.read(Point::Progress, State::progress)
    }

    async fn authority(&self, kind: &str, id: &[u8]) -> StoreResult<Option<AuthorityRow>> {
        self.shared.read(Point::Read, |state| {
            state.authority.get(&(kind.into(), id.into())).cloned()
        })
    }

    async fn authority_by_lookup(
        &self,
        kind: &str,
        lookup: &str,
    ) -> StoreResult<Option<AuthorityRow>> {
        self.shared.read(Point::Read, |state| {
            let mut rows = state.authority.values();
            rows.find(|row| row.kind == kind && row.lookup.as_deref() == Some(lookup))
                .cloned()
        })
    }

    async fn authority_list(
        &self,
        kind: &str,
        parent: Option<&[u8]>,
        after: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityRow>> {
        self.shared.read(Point::Read, |state| {
            let wanted = |row: &&AuthorityRow| {
                row.kind == kind
                    && (parent.is_none() || row.parent.as_deref() == parent)
                    && after.is_none_or(|after| row.seq > after)
            };
            let mut rows: Vec<_> = state.authority.values().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| row.seq);
            rows.truncate(page(limit));
            rows
        })
    }

    async fn authority_newest(
        &self,
        kind: &str,
        parent: Option<&[u8]>,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityRow>> {
        self.shared.read(Point::Read, |state| {
            let wanted = |row: &&AuthorityRow| {
                row.kind == kind
                    && (parent.is_none() || row.parent.as_deref() == parent)
                    && before.is_none_or(|before| row.seq < before)
            };
            let mut rows: Vec<_> = state.authority.values().filter(wanted).cloned().collect();
            rows.sort_by_key(|row| std::cmp::Reverse(row.seq));
            rows.truncate(page(limit));
            rows
        })
    }

    async fn authority_macs(
        &self,
        after: Option<(&str, &[u8])>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityMac>> {
        self.shared.read(Point::Read, |state| {
            let rows = state.authority.values();
            rows.filter(|row| after.is_none_or(|after| (row.kind.as_str(), &*row.id) > after))
                .take(usize::try_from(limit).unwrap_or(usize::MAX))
                .map(|row| AuthorityMac {
                    kind: row.kind.clone(),
                    id: row.id.clone(),
                    mac: row.mac.clone(),
                })
                .collect()
        })
    }

    async fn authority_seal(&self) -> StoreResult<Option<AuthoritySeal>> {
        self.shared.read(Point::Read, |state| state.seal.clone())
    }

    async fn request(&self, id: RequestId) -> StoreResult<Option<StoredRequest>> {
        self.shared.read(Point::Read, |state| {
            let stored = state.request(request_seq(id))?;
            (stored.request.id == id).then_some(stored)
        })
    }

    async fn requests(
        &self,
        wanted: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> StoreResult<Vec<StoredRequest>> {
        self.shared.read(Point::Read, |state| {
            let scan = if wanted.waiting { before } else { REQUEST_SCAN };
            let seqs = state.requests.range(before.saturating_sub(scan)..before);
            seqs.rev()
                .filter(|(_, row)| wanted.takes(row))
                .take(page(limit))
                .filter_map(|(seq, _)| state.request(*seq))
                .collect()
        })
    }

    async fn kept(&self, after: u64, limit: u32) -> StoreResult<Vec<KeptRequest>> {
        self.shared.read(Point::Read, |state| {
            let seqs = state.requests.range(after.saturating_add(1)..);
            seqs.take(page(limit))
                .filter_map(|(seq, _)| {
                    Some(KeptRequest {
                        stored: state.request(*seq)?,
                        message: state.messages.get(seq).cloned(),
                    })
                })
                .collect()
        })
    }

    async fn idempotency_keys(
        &self,
        after: Option<&IdempotencyKey>,
        limit: u32,
    ) -> StoreResult<Vec<IdempotencyKey>> {
        self.shared.read(Point::Keys, |state| {
            let later = |key: &&IdempotencyKey| after.is_none_or(|after| *key > after);
            let mut keys: Vec<_> = state.by_key.keys().filter(later).cloned().collect();
            keys.sort();
            keys.truncate(page(limit));
            keys
        })
    }

    async fn forgettable(&self, at: Timestamp, limit: u32) -> StoreResult<Option<u64>> {
        self.shared.read(Point::Read, |state| {
            let seqs = state.messages.keys().take(page(limit));
            let old = |seq: &&u64| state.requests.get(seq).is_none_or(|row| row.at < at);
            seqs.take_while(old).last().copied()
        })
    }

    async fn usage(&self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>> {
        self.shared
            .read(Point::Read, |state| state.usage_of(limit_keys))
    }

    async fn usage_after(
        &self,
        after: Option<(&[u8], i64)>,
        limit: u32,
    ) -> StoreResult<Vec<UsageRow>> {
        self.shared.read(Point::Read, |state| {
            let rows = state.usage.iter();
            rows.filter(|((key, bucket), _)| {
                after.is_none_or(|after| (key.as_slice(), *bucket) > after)
            })
            .take(usize::try_from(limit).unwrap_or(usize::MAX))
            .map(|((limit_key, bucket), amount)| UsageRow {
                limit_key: limit_key.clone(),
                bucket: *bucket,
                amount: *amount,
            })
            .collect()
        })
    }

    async fn ledger_seal(&self) -> StoreResult<Option<Vec<u8>>> {
        self.shared.read(Point::Read, |state| {
            state.ledger_seal.map(|mac| mac.to_vec())
        })
    }

    async fn nonces(&self) -> StoreResult<Vec<NonceRow>> {
        self.shared.read(Point::Read, |state| {
            state.nonces.values().cloned().collect()
        })
    }

    async fn sequences(&self) -> StoreResult<Vec<SequenceRow>> {
        self.shared.read(Point::Read, |state| {
            state.sequences.values().cloned().collect()
        })
    }

    async fn given_back(&self, limit: u32) -> StoreResult<Vec<u64>> {
        self.shared.read(Point::Read, |state| {
            let seqs = state.given_back.iter().copied();
            seqs.take(usize::try_from(limit).unwrap_or(usize::MAX))
                .collect()
        })
    }

    async fn entries(&self, from: u64, limit: u32) -> StoreResult<Vec<EntryRow>> {
        self.shared.read(Point::Read, |state| {
            let entries = state.entries.range(from..).take(page(limit));
            entries.map(|(_, entry)| entry.clone()).collect()
        })
    }

    async fn hashes(&self, level: u8, first: u64, count: u16) -> StoreResult<Vec<Hash>> {
        self.shared
            .read(Point::Hashes, |state| state.hashes(level, first, count))
    }

    async fn checkpoints(&self, below: Option<u64>, limit: u32) -> StoreResult<Vec<CheckpointRow>> {
        self.shared.read(Point::Read, |state| {
            let rows = state.checkpoints.range(..below.unwrap_or(u64::MAX)).rev();
            rows.take(page(limit)).map(|(_, row)| row.clone()).collect()
        })
    }

    async fn checkpoints_after(&self, after: u64, limit: u32) -> StoreResult<Vec<CheckpointRow>> {
        self.shared.read(Point::Read, |state| {
            let rows = state.checkpoints.range(after.saturating_add(1)..);
            rows.take(page(limit)).map(|(_, row)| row.clone()).collect()
        })
    }
}

#[async_trait]
impl Txn for MemoryTxn {
    async fn find_requests(&mut self, keys: &[IdempotencyKey]) -> StoreResult<Vec<StoredRequest>> {
        self.shared.read(Point::FindRequests, |state| {
            let seqs = keys.iter().filter_map(|key| state.by_key.get(key));
            seqs.filter_map(|seq| state.request(*seq)).collect()
        })
    }

    async fn load_usage(&mut self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>> {
        let shared = &self.shared;
        shared.read(Point::LoadUsage, |state| state.usage_of(limit_keys))
    }

    async fn commit(self: Box<Self>, writes: Writes) -> StoreResult<()> {
        let planned = lock(&self.shared.plan).at_commit();
        let mut state = lock(&self.shared.state);
        if planned.is_none_or(Fault::is_done) {
            state.check(&writes)?;
            state.apply(writes);
        }
        planned.map_or(Ok(()), |fault| Err(fault.error(Point::Commit)))
    }
}

#[cfg(test)]
mod tests;
