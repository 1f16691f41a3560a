use sqlx::{Connection as _, query};
use tokio::sync::OwnedMutexGuard;

use super::Writer;
use super::failure::{is_taken, not_written, reading};
use super::row::{self, request_columns, rows};
use super::script::script;
use super::statement::{Wanted, by_keys, usage_of};
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

    async fn commit(mut self, writes: Writes) -> StoreResult<()> {
        let Some(everything) = script(writes).transaction().map_err(not_written)? else {
            return Ok(());
        };
        self.writer.in_transaction = true;
        let done = everything.execute(self.writer.connection()?).await;
        if let Err(error) = done {
            return Err(self.failed(error).await);
        }
        self.writer.in_transaction = false;
        Ok(())
    }
}
