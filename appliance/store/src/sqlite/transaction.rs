use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Connection as _, query};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::Writer;
use super::failure::{is_taken, not_written, reading};
use super::row::{self, request_columns, rows};
use super::script::script;
use super::statement::{Transaction, Wanted, by_keys, usage_of};
use crate::{Cause, IdempotencyKey, StoreError, StoreResult, StoredRequest, Txn, UsageRow, Writes};

/// Statements whose results nobody takes while they run; `sqlx` keeps 50 of them.
const QUIET: usize = 40;

/// When a script is looked after nevertheless.
const LATE: Duration = Duration::from_millis(5);

/// The one transaction of a [`super::SqliteStore`]. No other connection writes, so what it
/// reads before its commit is what was committed before it began.
#[derive(Debug)]
pub(super) struct SqliteTxn {
    writer: OwnedMutexGuard<Writer>,
}

impl SqliteTxn {
    pub(super) async fn begin(mut writer: OwnedMutexGuard<Writer>) -> StoreResult<Self> {
        writer.connection()?;
        if writer.in_transaction {
            // The one who began it was dropped halfway. SQLite may have ended it since.
            let _ = roll_back(&mut writer).await;
            let connection = writer.connection()?;
            connection.ping().await.map_err(reading("the database"))?;
            writer.in_transaction = false;
        }
        Ok(Self { writer })
    }

    /// Undoes what was begun. If there is nothing left to undo, SQLite may have failed on its
    /// way to the disk, and a restart may find it done; but a taken value it met before that.
    async fn failed(&mut self, error: sqlx::Error) -> StoreError {
        let undone = roll_back(&mut self.writer).await;
        self.writer.in_transaction = false;
        if undone.is_ok() || is_taken(&error) {
            return not_written(error);
        }
        StoreError::Unknown(Cause::from_error("committing to the database", error))
    }
}

/// Runs a script. SQLite's thread tells of each statement that is done, which wakes whoever waits
/// for it each time; so nobody does before the last one, `COMMIT`, is under way.
async fn run(writer: &mut Writer, script: Transaction) -> Result<(), sqlx::Error> {
    let ending = Arc::clone(&writer.ending);
    let connection = writer.connection.as_mut().ok_or(sqlx::Error::PoolClosed)?;
    let mut running = pin!(script.query.execute(connection));
    if script.statements <= QUIET {
        // This hands it over, and has nobody woken.
        let begun = running
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(done) = begun {
            return done.map(drop);
        }
        // A failure need not be told of.
        let _late = timeout(LATE, ending.notified()).await;
    }
    running.await.map(drop)
}

async fn roll_back(writer: &mut Writer) -> StoreResult<()> {
    let connection = writer.connection()?;
    query("ROLLBACK")
        .execute(connection)
        .await
        .map(drop)
        .map_err(reading("the database"))
}

#[async_trait]
impl Txn for SqliteTxn {
    async fn find_requests(&mut self, keys: &[IdempotencyKey]) -> StoreResult<Vec<StoredRequest>> {
        let select = concat!("SELECT ", request_columns!());
        let join = "requests r ON r.principal = wanted.column1 AND r.idem_key = wanted.column2 \
                    LEFT JOIN outcomes o ON o.seq = r.seq";
        let bind =
            |wanted: Wanted, key: &IdempotencyKey| wanted.bind(key.principal()).bind(key.key());
        let mut found = Vec::new();
        for wanted in by_keys(select, join, 2, keys, bind) {
            let connection = self.writer.connection()?;
            found.extend(rows(connection, "requests", wanted, row::stored_request).await?);
        }
        Ok(found)
    }

    async fn load_usage(&mut self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>> {
        let mut found = Vec::new();
        for wanted in usage_of(limit_keys) {
            let connection = self.writer.connection()?;
            found.extend(rows(connection, "the use of limits", wanted, row::usage).await?);
        }
        Ok(found)
    }

    async fn commit(mut self: Box<Self>, writes: Writes) -> StoreResult<()> {
        let Some(everything) = script(writes).transaction().map_err(not_written)? else {
            return Ok(());
        };
        self.writer.in_transaction = true;
        let done = run(&mut self.writer, everything).await;
        if let Err(error) = done {
            return Err(self.failed(error).await);
        }
        self.writer.in_transaction = false;
        Ok(())
    }
}
