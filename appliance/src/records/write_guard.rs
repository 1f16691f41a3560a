//! The turn to write rows that grant power.

use countersign_store::ledger::{AdminChange, Case, Judged};
use tokio::sync::MutexGuard;

use super::digest::Prepared;
use super::kind::RowKey;
use super::{Draft, Mac, PoisonError, Records, RecordsError, Writer, row};
use crate::rehearsal;

/// The turn to write: nobody else writes until it is dropped.
#[allow(missing_debug_implementations, reason = "a lock has nothing to show")]
pub struct WriteGuard<'a> {
    pub(super) records: &'a Records,
    pub(super) writer: MutexGuard<'a, Writer>,
}

/// A change that is sealed and not written yet, and what it leaves in memory once it is.
struct Sealed {
    change: AdminChange,
    keyed: Vec<(RowKey, Mac)>,
    next: Prepared,
    version: u64,
    seq: i64,
}

impl WriteGuard<'_> {
    /// Writes records and their log entries in one commit, under a new seal. Answers the
    /// entries' indexes.
    ///
    /// # Errors
    /// As [`Records::commit`].
    pub async fn commit(
        &mut self,
        drafts: Vec<Draft>,
        entries: Vec<Vec<u8>>,
    ) -> Result<Vec<u64>, RecordsError> {
        if rehearsal::is_on() {
            self.records.refuse_taken(&drafts).await?;
            rehearsal::stop(&entries)?;
        }
        let mut sealed = self.seal(drafts, entries).await?;
        let change = std::mem::take(&mut sealed.change);
        let _committing = self.records.settled.write().await;
        match self.records.ledger.admin(change).await {
            Ok(indexes) => {
                self.take_in(sealed);
                Ok(indexes)
            }
            Err(error) => Err(self.records.recover(&mut self.writer, error).await),
        }
    }

    /// Judges a request whose permission changes records: if it is allowed, and only then, they
    /// are written in the very commit that reserves its limits and records it.
    ///
    /// # Errors
    /// As [`Records::commit`], and whatever the ledger says.
    pub async fn judge(
        &mut self,
        drafts: Vec<Draft>,
        case: impl FnOnce(AdminChange) -> Case,
    ) -> Result<Judged, RecordsError> {
        let mut sealed = self.seal(drafts, Vec::new()).await?;
        let change = std::mem::take(&mut sealed.change);
        let _committing = self.records.settled.write().await;
        match self.records.ledger.judge(case(change)).await {
            Ok(judged) => {
                // A permission that was given before changes nothing again: the ledger refuses
                // it where it comes with a change.
                if matches!(judged, Judged::Recorded(_)) {
                    self.take_in(sealed);
                }
                Ok(judged)
            }
            Err(error) => Err(self.records.recover(&mut self.writer, error).await),
        }
    }

    async fn seal(
        &self,
        drafts: Vec<Draft>,
        entries: Vec<Vec<u8>>,
    ) -> Result<Sealed, RecordsError> {
        let records = self.records;
        records.refuse_taken(&drafts).await?;
        let mut seq = self.writer.next_seq;
        let rows = drafts
            .into_iter()
            .map(|draft| draft.into_row(&mut seq))
            .collect();
        let rows = records.make_macs(rows).await?;
        let keyed: Vec<(RowKey, Mac)> = rows.iter().filter_map(row::keyed_mac).collect();
        let next = records.read_rows(|rows| rows.current.prepare(&keyed));
        let version = self.writer.version + 1;
        let seal = records
            .make_seal(version, next.count(), next.root())
            .await?;
        Ok(Sealed {
            change: AdminChange {
                rows,
                seal: Some(seal),
                entries,
            },
            keyed,
            next,
            version,
            seq,
        })
    }

    /// What was written is what counts from now on.
    fn take_in(&mut self, sealed: Sealed) {
        self.writer.version = sealed.version;
        self.writer.next_seq = sealed.seq;
        let mut state = (self.records.rows.write()).unwrap_or_else(PoisonError::into_inner);
        state.current.apply(sealed.next);
        for (key, _) in &sealed.keyed {
            state.checked.remove(key);
        }
    }
}
