use sqlx::{AssertSqlSafe, Connection as _, query};
use tokio::sync::OwnedMutexGuard;

use super::Writer;
use super::failure::{not_written, reading};
use super::read::rows;
use super::row::{self, request_columns};
use super::script::script;
use super::statement::{ROWS, Step, tuple};
use crate::{Cause, IdempotencyKey, StoreError, StoreResult, StoredRequest, Txn, UsageRow, Writes};

/// The one transaction of a [`super::SqliteStore`]. No other connection writes, so what it
/// reads before its commit is what was committed before it began.
#[derive(Debug)]
pub struct SqliteTxn {
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

    /// Runs the steps of a transaction.
    async fn run(&mut self, steps: Vec<Step>) -> StoreResult<()> {
        let last = steps.len().saturating_sub(1);
        self.writer.in_transaction = true;
        for (place, step) in steps.into_iter().enumerate() {
            let done = step.query().execute(self.writer.connection()?).await;
            if let Err(error) = done {
                return Err(self.failed(error, place == last).await);
            }
        }
        self.writer.in_transaction = false;
        Ok(())
    }

    /// Undoes what was begun. If there is nothing left to undo after the step that commits,
    /// SQLite may have failed on its way to the disk, and a restart may find it done.
    async fn failed(&mut self, error: sqlx::Error, committing: bool) -> StoreError {
        let undone = roll_back(&mut self.writer).await;
        self.writer.in_transaction = false;
        if committing && undone.is_err() {
            return StoreError::Unknown(Cause::from_error("committing to the database", error));
        }
        not_written(error)
    }
}

async fn roll_back(writer: &mut Writer) -> StoreResult<()> {
    let connection = writer.connection()?;
    query("ROLLBACK")
        .execute(connection)
        .await
        .map(drop)
        .map_err(reading("the database"))
}

impl Txn for SqliteTxn {
    async fn find_requests(&mut self, keys: &[IdempotencyKey]) -> StoreResult<Vec<StoredRequest>> {
        let mut found = Vec::new();
        for keys in keys.chunks(ROWS) {
            let sql = concat!("SELECT ", request_columns!(), " WHERE r.idem IN ");
            let mut wanted = query(AssertSqlSafe(sql.to_owned() + &tuple(keys.len())));
            for key in keys {
                wanted = wanted.bind(key.digest().as_slice());
            }
            let connection = self.writer.connection()?;
            found.extend(rows(connection, "requests", wanted, row::stored_request).await?);
        }
        Ok(found)
    }

    async fn load_usage(&mut self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>> {
        let mut found = Vec::new();
        for keys in limit_keys.chunks(ROWS) {
            let sql = "SELECT limit_key, bucket, amount FROM usage WHERE limit_key IN ";
            let mut wanted = query(AssertSqlSafe(sql.to_owned() + &tuple(keys.len())));
            for key in keys {
                wanted = wanted.bind(key.as_slice());
            }
            let connection = self.writer.connection()?;
            found.extend(rows(connection, "the use of limits", wanted, row::usage).await?);
        }
        Ok(found)
    }

    async fn commit(mut self, writes: Writes) -> StoreResult<()> {
        let steps = script(writes).transaction().map_err(not_written)?;
        if steps.is_empty() {
            return Ok(());
        }
        self.run(steps).await
    }
}
