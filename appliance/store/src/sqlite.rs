//! SQLite: one file, one process, one writing connection and a few reading ones.
//!
//! Write-ahead log with `synchronous=FULL`: each commit syncs the log before it returns
//! (<https://www.sqlite.org/pragma.html#pragma_synchronous>). What was asked of SQLite is
//! read back when a database is opened. A lock file beside the database keeps a second
//! process out, which would not see this one's limits in memory.

mod backend;
mod failure;
mod open;
mod read;
mod row;
mod script;
mod statement;
mod transaction;

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use sqlx::{Connection as _, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, Notify};

pub(crate) use backend::SqliteFile;

use crate::{Cause, StoreError, StoreResult};

/// A database in one file.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Arc<Mutex<Writer>>,
    readers: SqlitePool,
    /// Held for as long as the store is in use.
    _lock: File,
}

/// The one connection that writes.
#[derive(Debug)]
struct Writer {
    /// `None` once the store was closed.
    connection: Option<SqliteConnection>,
    /// Set while a transaction is open: true at a begin means that its owner was dropped.
    in_transaction: bool,
    /// Told when a transaction begins to commit, and when one is rolled back.
    ending: Arc<Notify>,
}

impl SqliteStore {
    /// Makes a new, empty database, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is a file at `path`; [`StoreError::Unavailable`].
    pub async fn create(path: &Path) -> StoreResult<Self> {
        open::create_file(path)?;
        Self::open_existing(path, true).await
    }

    /// Opens a database, and brings its tables up to date if an earlier version wrote it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if there is none, it is in use, it is not one of ours, a
    /// later version wrote it, or SQLite does not give the guarantees asked for.
    pub async fn open(path: &Path) -> StoreResult<Self> {
        open::check_file(path)?;
        Self::open_existing(path, false).await
    }

    async fn open_existing(path: &Path, new: bool) -> StoreResult<Self> {
        let path = &open::resolve(path)?;
        let lock = open::lock(path)?;
        let ending = Arc::new(Notify::new());
        let connection = open::writer(path, new, &ending).await?;
        Ok(Self {
            writer: Arc::new(Mutex::new(Writer {
                connection: Some(connection),
                in_transaction: false,
                ending,
            })),
            readers: open::readers(path).await?,
            _lock: lock,
        })
    }

    /// Moves the write-ahead log into the database and closes it.
    async fn end(&self) -> StoreResult<()> {
        self.readers.close().await;
        let connection = self.writer.lock().await.connection.take();
        match connection {
            Some(connection) => connection.close().await.map_err(|error| {
                StoreError::Unavailable(Cause::from_error("closing the database", error))
            }),
            None => Ok(()),
        }
    }
}

impl Writer {
    fn connection(&mut self) -> StoreResult<&mut SqliteConnection> {
        let closed = || StoreError::Unavailable(Cause::new("the database was closed"));
        self.connection.as_mut().ok_or_else(closed)
    }
}

#[cfg(test)]
mod tests;
