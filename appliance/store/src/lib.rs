//! Durable state: what a database must do ([`Store`]), SQLite, an in-memory double that fails
//! on demand, and the [`ledger`], the one writer that judges requests and records them before
//! anything is signed.

mod backend;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod contract;
mod error;
pub mod ledger;
mod location;
pub mod memory;
pub mod sqlite;

pub use contract::{
    AuthorityMac, AuthorityRow, AuthoritySeal, CheckpointRow, Decided, EntryRow, HeldRow,
    IdempotencyKey, KeptRequest, MessageRow, NonceRow, OutcomeKind, OutcomeRow, PAGE_LIMIT,
    Progress, REQUEST_SCAN, RequestFilter, RequestRow, SequenceRow, Store, StoreResult,
    StoredRequest, Txn, UsageRow, Writes, request_id, request_seq,
};
pub use error::{Cause, StoreError};
pub use location::{Location, LocationError};
