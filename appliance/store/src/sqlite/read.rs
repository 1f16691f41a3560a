use async_trait::async_trait;
use countersign_audit::Hash;
use countersign_intent::{RequestId, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Error, Row as _, query};

use super::SqliteStore;
use super::row::{self, request_columns, rows};
use super::statement::{signed, usage_of};
use super::transaction::SqliteTxn;
use crate::contract::REQUEST_SCAN;
use crate::{
    AuthorityMac, AuthorityRow, AuthoritySeal, CheckpointRow, EntryRow, IdempotencyKey,
    KeptRequest, NonceRow, PAGE_LIMIT, Progress, RequestFilter, SequenceRow, Store, StoreResult,
    StoredRequest, Txn, UsageRow, request_seq,
};

fn page(limit: u32) -> i64 {
    i64::from(limit.min(PAGE_LIMIT))
}

fn progress(row: &SqliteRow) -> Result<Progress, Error> {
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let last_entry: Option<i64> = row.try_get(0)?;
    let last_request: Option<i64> = row.try_get(1)?;
    let latest: Option<i64> = row.try_get(2)?;
    let judged_again: Option<i64> = row.try_get(3)?;
    let macs_from: Option<i64> = row.try_get(4)?;
    let tags_from: Option<i64> = row.try_get(5)?;
    let given_back_from: Option<i64> = row.try_get(6)?;
    Ok(Progress {
        entries: last_entry.map_or(0, |index| number(index).saturating_add(1)),
        last_request: last_request.map_or(0, number),
        latest_micros: latest.max(judged_again).unwrap_or(0),
        macs_from: macs_from.map_or(0, number),
        tags_from: tags_from.map_or(0, number),
        given_back_from: given_back_from.map_or(0, number),
    })
}

#[async_trait]
impl Store for SqliteStore {
    async fn close(&self) -> StoreResult<()> {
        self.end().await
    }

    async fn begin(&self) -> StoreResult<Box<dyn Txn>> {
        let writer = self.writer.clone().lock_owned().await;
        Ok(Box::new(SqliteTxn::begin(writer).await?))
    }

    async fn progress(&self) -> StoreResult<Progress> {
        let wanted = query(
            "SELECT (SELECT max(idx) FROM audit_entries), (SELECT max(seq) FROM requests), \
             (SELECT at FROM requests ORDER BY seq DESC LIMIT 1), \
             (SELECT value FROM meta WHERE key = 'latest_micros'), \
             (SELECT value FROM meta WHERE key = 'macs_from'), \
             (SELECT value FROM meta WHERE key = 'tags_from'), \
             (SELECT value FROM meta WHERE key = 'given_back_from')",
        );
        let found = rows(&self.readers, "how far the log got", wanted, progress).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    async fn authority(&self, kind: &str, id: &[u8]) -> StoreResult<Option<AuthorityRow>> {
        let wanted = query(
            "SELECT kind, id, seq, parent, lookup, body, mac FROM authority \
             WHERE kind = ? AND id = ?",
        );
        let wanted = wanted.bind(kind).bind(id);
        let mut found = rows(&self.readers, "a row of authority", wanted, row::authority).await?;
        Ok(found.pop())
    }

    async fn authority_by_lookup(
        &self,
        kind: &str,
        lookup: &str,
    ) -> StoreResult<Option<AuthorityRow>> {
        let wanted = query(
            "SELECT kind, id, seq, parent, lookup, body, mac FROM authority \
             WHERE kind = ? AND lookup = ?",
        );
        let wanted = wanted.bind(kind).bind(lookup);
        let mut found = rows(&self.readers, "a row of authority", wanted, row::authority).await?;
        Ok(found.pop())
    }

    async fn authority_list(
        &self,
        kind: &str,
        parent: Option<&[u8]>,
        after: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityRow>> {
        let Some(from) = after.map_or(Some(i64::MIN), |after| after.checked_add(1)) else {
            return Ok(Vec::new());
        };
        let narrow = parent.map_or("", |_| "parent = ? AND");
        let sql = format!(
            "SELECT kind, id, seq, parent, lookup, body, mac FROM authority \
             WHERE kind = ? AND {narrow} seq >= ? ORDER BY seq LIMIT ?"
        );
        let mut wanted = query(AssertSqlSafe(sql)).bind(kind);
        if let Some(parent) = parent {
            wanted = wanted.bind(parent);
        }
        let wanted = wanted.bind(from).bind(page(limit));
        rows(&self.readers, "rows of authority", wanted, row::authority).await
    }

    async fn authority_newest(
        &self,
        kind: &str,
        parent: Option<&[u8]>,
        before: Option<i64>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityRow>> {
        let narrow = parent.map_or("", |_| "parent = ? AND");
        let sql = format!(
            "SELECT kind, id, seq, parent, lookup, body, mac FROM authority \
             WHERE kind = ? AND {narrow} seq < ? ORDER BY seq DESC LIMIT ?"
        );
        let mut wanted = query(AssertSqlSafe(sql)).bind(kind);
        if let Some(parent) = parent {
            wanted = wanted.bind(parent);
        }
        let wanted = wanted.bind(before.unwrap_or(i64::MAX)).bind(page(limit));
        rows(&self.readers, "rows of authority", wanted, row::authority).await
    }

    async fn authority_macs(
        &self,
        after: Option<(&str, &[u8])>,
        limit: u32,
    ) -> StoreResult<Vec<AuthorityMac>> {
        let wanted = match after {
            None => query("SELECT kind, id, mac FROM authority ORDER BY kind, id LIMIT ?"),
            Some((kind, id)) => query(
                "SELECT kind, id, mac FROM authority WHERE (kind, id) > (?, ?) \
                 ORDER BY kind, id LIMIT ?",
            )
            .bind(kind)
            .bind(id),
        };
        let wanted = wanted.bind(i64::from(limit));
        rows(
            &self.readers,
            "rows of authority",
            wanted,
            row::authority_mac,
        )
        .await
    }

    async fn authority_seal(&self) -> StoreResult<Option<AuthoritySeal>> {
        let wanted = query("SELECT version, count, sum, mac FROM authority_seal");
        let mut found = rows(&self.readers, "the seal", wanted, row::authority_seal).await?;
        Ok(found.pop())
    }

    async fn request(&self, id: RequestId) -> StoreResult<Option<StoredRequest>> {
        let sql = concat!(
            "SELECT ",
            request_columns!(),
            " FROM requests r LEFT JOIN outcomes o ON o.seq = r.seq WHERE r.seq = ?"
        );
        let wanted = query(sql).bind(signed(request_seq(id)));
        let found = rows(&self.readers, "a request", wanted, row::stored_request).await?;
        Ok(found.into_iter().find(|stored| stored.request.id == id))
    }

    async fn requests(
        &self,
        wanted: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> StoreResult<Vec<StoredRequest>> {
        // `decided = 3` has an index of its own (`Decided::Pending`).
        let (scan, narrow) = if wanted.waiting {
            (before, "r.decided = 3 AND")
        } else {
            (REQUEST_SCAN, "")
        };
        let sql = format!(
            "SELECT {} FROM requests r LEFT JOIN outcomes o ON o.seq = r.seq \
             WHERE {narrow} r.seq < ?1 AND r.seq >= ?2 AND (?3 IS NULL OR r.principal = ?3) \
             AND (?4 IS NULL OR r.wallet = ?4) AND (?5 IS NULL OR r.at >= ?5) \
             ORDER BY r.seq DESC LIMIT ?6",
            request_columns!()
        );
        let found = query(AssertSqlSafe(sql))
            .bind(signed(before))
            .bind(signed(before.saturating_sub(scan)))
            .bind(wanted.principal.as_deref())
            .bind(wanted.wallet.as_ref().map(|id| id.as_bytes().as_slice()))
            .bind(wanted.since.map(|since| since.micros()))
            .bind(page(limit));
        rows(&self.readers, "requests", found, row::stored_request).await
    }

    async fn kept(&self, after: u64, limit: u32) -> StoreResult<Vec<KeptRequest>> {
        let wanted = query(concat!(
            "SELECT ",
            request_columns!(),
            ", m.message FROM requests r LEFT JOIN outcomes o ON o.seq = r.seq \
             LEFT JOIN messages m ON m.seq = r.seq \
             WHERE r.seq > ? ORDER BY r.seq LIMIT ?"
        ));
        let wanted = wanted.bind(signed(after)).bind(page(limit));
        rows(&self.readers, "requests", wanted, row::kept_request).await
    }

    async fn idempotency_keys(
        &self,
        after: Option<&IdempotencyKey>,
        limit: u32,
    ) -> StoreResult<Vec<IdempotencyKey>> {
        // No principal is empty. The index over both has all that is asked for.
        let wanted = query(
            "SELECT principal, idem_key FROM requests WHERE (principal, idem_key) > (?, ?) \
             ORDER BY principal, idem_key LIMIT ?",
        );
        let wanted = wanted
            .bind(after.map_or("", IdempotencyKey::principal))
            .bind(after.map_or("", IdempotencyKey::key))
            .bind(page(limit));
        rows(
            &self.readers,
            "idempotency keys",
            wanted,
            row::idempotency_key,
        )
        .await
    }

    async fn forgettable(&self, at: Timestamp, limit: u32) -> StoreResult<Option<u64>> {
        // The first message that has to stay bounds those before it.
        let wanted = query(
            "WITH oldest AS (SELECT m.seq, r.at FROM messages m \
             LEFT JOIN requests r ON r.seq = m.seq ORDER BY m.seq LIMIT ?1) \
             SELECT max(seq) FROM oldest WHERE seq < \
             (SELECT ifnull(min(seq), 9223372036854775807) FROM oldest WHERE at >= ?2)",
        );
        let wanted = wanted.bind(page(limit)).bind(at.micros());
        let found = rows(&self.readers, "kept messages", wanted, row::number).await?;
        Ok(found.into_iter().flatten().next())
    }

    async fn usage(&self, limit_keys: &[Vec<u8>]) -> StoreResult<Vec<UsageRow>> {
        let mut found = Vec::new();
        for wanted in usage_of(limit_keys) {
            found.extend(rows(&self.readers, "the use of limits", wanted, row::usage).await?);
        }
        Ok(found)
    }

    async fn usage_after(
        &self,
        after: Option<(&[u8], i64)>,
        limit: u32,
    ) -> StoreResult<Vec<UsageRow>> {
        let wanted = match after {
            None => query(
                "SELECT limit_key, bucket, amount FROM usage ORDER BY limit_key, bucket LIMIT ?",
            ),
            Some((limit_key, bucket)) => query(
                "SELECT limit_key, bucket, amount FROM usage WHERE (limit_key, bucket) > (?, ?) \
                 ORDER BY limit_key, bucket LIMIT ?",
            )
            .bind(limit_key)
            .bind(bucket),
        };
        let wanted = wanted.bind(i64::from(limit));
        rows(&self.readers, "the use of limits", wanted, row::usage).await
    }

    async fn ledger_seal(&self) -> StoreResult<Option<Vec<u8>>> {
        let wanted = query("SELECT mac FROM ledger_seal");
        let mut found = rows(&self.readers, "the ledger's seal", wanted, row::mac).await?;
        Ok(found.pop())
    }

    async fn nonces(&self) -> StoreResult<Vec<NonceRow>> {
        let wanted = query("SELECT account, value, slot, holder, held FROM nonces");
        rows(&self.readers, "durable nonces", wanted, row::nonce).await
    }

    async fn sequences(&self) -> StoreResult<Vec<SequenceRow>> {
        let wanted = query("SELECT account, uses FROM sequences");
        rows(&self.readers, "accounts' numbers", wanted, row::sequence).await
    }

    async fn given_back(&self, limit: u32) -> StoreResult<Vec<u64>> {
        let wanted = query("SELECT seq FROM given_back ORDER BY seq LIMIT ?");
        let wanted = wanted.bind(i64::from(limit));
        rows(&self.readers, "what was given back", wanted, row::seq).await
    }

    async fn entries(&self, from: u64, limit: u32) -> StoreResult<Vec<EntryRow>> {
        let wanted = query(
            "SELECT idx, entry, leaf_hash, tag FROM audit_entries WHERE idx >= ? ORDER BY idx LIMIT ?",
        );
        let wanted = wanted.bind(signed(from)).bind(page(limit));
        rows(&self.readers, "log entries", wanted, row::entry).await
    }

    async fn hashes(&self, level: u8, first: u64, count: u16) -> StoreResult<Vec<Hash>> {
        let wanted = match level {
            0 => {
                query("SELECT leaf_hash FROM audit_entries WHERE idx >= ? AND idx < ? ORDER BY idx")
            }
            level => query(
                "SELECT hash FROM audit_nodes WHERE level = ? AND idx >= ? AND idx < ? \
                 ORDER BY idx",
            )
            .bind(i64::from(level)),
        };
        let end = first.saturating_add(u64::from(count));
        let wanted = wanted.bind(signed(first)).bind(signed(end));
        rows(&self.readers, "hashes of the log", wanted, row::hash).await
    }

    async fn checkpoints(&self, below: Option<u64>, limit: u32) -> StoreResult<Vec<CheckpointRow>> {
        let wanted = query(
            "SELECT size, note, at FROM checkpoints WHERE size < ? ORDER BY size DESC LIMIT ?",
        );
        let below = below.map_or(i64::MAX, signed);
        let wanted = wanted.bind(below).bind(page(limit));
        rows(&self.readers, "checkpoints", wanted, row::checkpoint).await
    }

    async fn checkpoints_after(&self, after: u64, limit: u32) -> StoreResult<Vec<CheckpointRow>> {
        let wanted =
            query("SELECT size, note, at FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?");
        let wanted = wanted.bind(signed(after)).bind(page(limit));
        rows(&self.readers, "checkpoints", wanted, row::checkpoint).await
    }
}
