//! What the rest of the appliance asks of a database, and may rely on.

mod rows;
mod writes;

use std::fmt;

use async_trait::async_trait;
use countersign_audit::Hash;
use countersign_intent::{RequestId, Timestamp};

pub use rows::{
    AuthorityMac, AuthorityRow, AuthoritySeal, CheckpointRow, Decided, EntryRow, HeldRow,
    IdempotencyKey, KeptRequest, MessageRow, NonceRow, OutcomeKind, OutcomeRow, RequestFilter,
    RequestRow, SequenceRow, StoredRequest, UsageRow, request_id, request_seq,
};
pub use writes::Writes;

use crate::StoreError;

/// Most rows that one read returns, whatever was asked for.
pub const PAGE_LIMIT: u32 = 1_000;

/// Result of anything that touches the database.
pub type StoreResult<T> = Result<T, StoreError>;

/// How far durable state has got; what a start needs before it can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Number of log entries, and so the index of the next one.
    pub entries: u64,
    /// Highest request number ever given out; zero if none was.
    pub last_request: u64,
    /// The latest time that was recorded, in microseconds since the Unix epoch.
    pub latest_micros: i64,
    /// Number of the first request whose rows have MACs.
    pub macs_from: u64,
    /// Index of the first log entry that has a tag.
    pub tags_from: u64,
    /// Number of the first request of which [`Store::given_back`] knows.
    pub given_back_from: u64,
}

/// A database.
///
/// Guarantees: a commit that returned `Ok` survives the loss of power. A reader sees all of
/// a commit or nothing of it. At most one [`Txn`] of a store exists at a time; `begin` waits
/// for the other to end. A `Txn` that is dropped without a commit has changed nothing.
/// Reads never wait for a commit. The cost of any one call depends on what it reads or
/// writes and not on how much is stored, up to the depth of an index.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Ends its use in order. Later calls get [`StoreError::Unavailable`]; one that is not closed
    /// loses nothing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn close(&self) -> StoreResult<()>;

    /// Begins the one transaction that can write.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    async fn begin(&self) -> StoreResult<Box<dyn Txn>>;

    /// How far the state has got.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`]; so for every read below.
    async fn progress(&self) -> StoreResult<Progress>;

    /// The row of authority with this kind and id.
    async fn authority(&self, kind: &str, id: &[u8]) -> StoreResult<Option<AuthorityRow>>;

    /// The row of authority with this kind and lookup text.
    async fn authority_by_lookup(
        &self,
        kind: &str,
        lookup: &str,
    ) -> StoreResult<Option<AuthorityRow>>;

    /// Rows of one kind in the order of their `seq`, those after `after` only; with a
    /// `parent`, its rows only. At most `limit`, and at most [`PAGE_LIMIT`].
    async fn authority_list(
        &self,
        kind: &str,
        parent: Option<&[u8]>,
        after: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityRow>>;

    /// The same from the other end: rows before `before` only, the last one first.
    async fn authority_newest(
        &self,
        kind: &str,
        parent: Option<&[u8]>,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityRow>>;

    /// Kind, id and MAC of the rows after `after`, ordered by kind and id: at most `limit`.
    /// Meant for the check of all rows at a start, so not held to [`PAGE_LIMIT`].
    async fn authority_macs(
        &self,
        after: Option<(&str, &[u8])>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityMac>>;

    /// The seal over all rows of authority; `None` before the first.
    async fn authority_seal(&self) -> StoreResult<Option<AuthoritySeal>>;

    /// The request with this id, with its outcome. All 16 bytes of the id count.
    async fn request(&self, id: RequestId) -> StoreResult<Option<StoredRequest>>;

    /// Requests with a number below `before` that `wanted` takes, newest first.
    ///
    /// Looks at no more than the 10,000 numbers below `before`: fewer than `limit` rows are
    /// not the end. Go on below the lowest number seen, or `before - 10,000`, until 1. Those that
    /// wait are found without looking at the others: fewer of them than `limit` are the end.
    async fn requests(
        &self,
        wanted: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> StoreResult<Vec<StoredRequest>>;

    /// Requests with a number above `after` and what they asked for, oldest first: at most
    /// `limit`, and at most [`PAGE_LIMIT`].
    async fn kept(&self, after: u64, limit: u32) -> StoreResult<Vec<KeptRequest>>;

    /// Idempotency keys of requests after `after`, ordered by principal and key: at most `limit`,
    /// and at most [`PAGE_LIMIT`]. Whatever is committed meanwhile may be among them or not.
    async fn idempotency_keys(
        &self,
        after: Option<&IdempotencyKey>,
        limit: u32,
    ) -> StoreResult<Vec<IdempotencyKey>>;

    /// Up to which request's number messages may be forgotten, if those of requests judged
    /// before `at` may: no more than `limit` messages lie at or below it. `None` if there is
    /// nothing to forget.
    async fn forgettable(&self, at: Timestamp, limit: u32) -> StoreResult<Option<u64>>;

    /// Everything committed about the use of these limits, in any order. For people to look at:
    /// what is judged reads [`Txn::load_usage`].
    async fn usage(&self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>>;

    /// Rows about the use of limits after `after`, ordered by limit and bucket: at most `limit`.
    /// Meant for the check of all rows at a start, so not held to [`PAGE_LIMIT`].
    async fn usage_after(
        &self,
        after: Option<(&[u8], i64)>,
        limit: u32,
    ) -> StoreResult<Vec<UsageRow>>;

    /// The MAC over the use of limits, nonces and log; `None` before the first.
    async fn ledger_seal(&self) -> StoreResult<Option<Vec<u8>>>;

    /// Every durable nonce that was observed, in any order.
    async fn nonces(&self) -> StoreResult<Vec<NonceRow>>;

    /// Every account whose numbers were signed over, in any order.
    async fn sequences(&self) -> StoreResult<Vec<SequenceRow>>;

    /// Numbers of the requests whose reservation was given back, smallest first: at most `limit`.
    /// Meant for a start, so not held to [`PAGE_LIMIT`].
    async fn given_back(&self, limit: u32) -> StoreResult<Vec<u64>>;

    /// Log entries from index `from`, in order: at most `limit`, and at most [`PAGE_LIMIT`].
    async fn entries(&self, from: u64, limit: u32) -> StoreResult<Vec<EntryRow>>;

    /// Stored hashes of the tree: `count` (at most 256) from `first` at `level`, where level
    /// 0 is the entries' leaf hashes. Fewer come back if fewer are stored.
    async fn hashes(&self, level: u8, first: u64, count: u16) -> StoreResult<Vec<Hash>>;

    /// Signed checkpoints with a size below `below` (all if `None`), largest first.
    async fn checkpoints(&self, below: Option<u64>, limit: u32) -> StoreResult<Vec<CheckpointRow>>;

    /// Signed checkpoints with a size above `after`, smallest first: at most `limit`, and at most
    /// [`PAGE_LIMIT`].
    async fn checkpoints_after(&self, after: u64, limit: u32) -> StoreResult<Vec<CheckpointRow>>;
}

/// The one transaction that can write. It reads what was committed before it began.
#[async_trait]
pub trait Txn: Send + 'static {
    /// Requests that already have one of these idempotency keys, with their outcomes, in
    /// any order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    async fn find_requests(&mut self, keys: &[IdempotencyKey]) -> StoreResult<Vec<StoredRequest>>;

    /// Everything stored about the use of these limits, in any order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    async fn load_usage(&mut self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>>;

    /// Writes everything, or nothing, and returns once it is durable.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] if it may be there nevertheless; [`StoreError::Conflict`] if
    /// a unique value is taken; any other error means that nothing was written.
    async fn commit(self: Box<Self>, writes: Writes) -> StoreResult<()>;
}

/// Numbers that [`Store::requests`] looks at in one call.
pub const REQUEST_SCAN: u64 = 10_000;
