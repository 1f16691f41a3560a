//! What is kept in memory of records.

use futures_util::future::BoxFuture;

use super::{Records, RecordsError};

/// Why it could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The rows.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// A row that says what this version of the program does not understand.
    #[error("{0}")]
    Invalid(String),
}

/// Rows of one kind, kept in memory: read at the start, after a change, and again whenever a commit may
/// have been done without anybody being told.
pub trait Cached: Send + Sync {
    /// Reads all of them.
    fn reload<'a>(&'a self, records: &'a Records) -> BoxFuture<'a, Result<(), CacheError>>;
}
