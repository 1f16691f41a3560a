//! Durable state: what a database must do ([`Store`]).

mod contract;
mod error;

pub use contract::{
    AuthorityMac, AuthorityRow, AuthoritySeal, CheckpointRow, Decided, EntryRow, IdempotencyKey,
    OutcomeKind, OutcomeRow, PAGE_LIMIT, Progress, RequestRow, Store, StoreResult, StoredRequest,
    Txn, UsageRow, Writes, request_id, request_seq,
};
pub use error::{Cause, StoreError};
