use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::Recorded;
use super::head::Head;
use super::job::{
    AdminChange, Case, Clock, Judged, LedgerError, Observation, Outcome, OutcomeEntry, Randomness,
};
use super::limits::Limits;
use super::nonces::Observed;
use super::queue::{Job, Settlement};
use super::rows::RowSeals;
use super::seal::Sealer;
use super::writer::{Watched, Writer};
use crate::{CheckpointRow, Store};

/// A handle to the writer; cheap to clone. The writer ends when [`Ledger::shutdown`] is
/// called or the last handle is gone, after it has written what was queued.
#[derive(Debug, Clone)]
pub struct Ledger {
    jobs: mpsc::Sender<Job>,
    watched: Watched,
}

impl Ledger {
    /// Reads how far the log and the numbers have got and starts the writer as a task on the
    /// current tokio runtime, which needs its timer.
    ///
    /// # Errors
    /// [`LedgerError::Store`] if that cannot be read, or is not what was written.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Clock,
        randomness: Randomness,
        sealer: Sealer,
        limits: Limits,
    ) -> Result<Self, LedgerError> {
        let (sender, receiver) = mpsc::channel(limits.queue.max(1));
        let (writer, watched) =
            Writer::open(store, clock, randomness, sealer, limits, receiver).await?;
        tokio::spawn(writer.run());
        Ok(Self {
            jobs: sender,
            watched,
        })
    }

    /// Checks what is read of requests and of the log without the writer.
    #[must_use]
    pub const fn rows(&self) -> &RowSeals {
        &self.watched.rows
    }

    /// Judges one case.
    ///
    /// # Errors
    /// Any [`LedgerError`]; nothing may be signed. After [`crate::StoreError::Unknown`] the
    /// same request may be sent again under the same key.
    pub async fn judge(&self, case: Case) -> Result<Judged, LedgerError> {
        let mut judged = self.judge_batch(vec![case]).await?;
        judged.pop().unwrap_or(Err(LedgerError::Closed))
    }

    /// Judges cases in order; each sees what the ones before it reserved. One commit.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] or [`LedgerError::Closed`] for all of them; each has its own
    /// result otherwise.
    pub async fn judge_batch(
        &self,
        cases: Vec<Case>,
    ) -> Result<Vec<Result<Judged, LedgerError>>, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.offer(Job::Judge { cases, reply })?;
        answer.await.map_err(|_| LedgerError::Closed)
    }

    /// Hands in what became of an attempt. It is written with a later commit; returns once it
    /// is queued.
    ///
    /// # Errors
    /// [`LedgerError::Entry`], [`LedgerError::Closed`]; then the outcome stays unknown.
    pub async fn record_outcome(
        &self,
        recorded: Recorded,
        outcome: Outcome,
        entry: impl Into<OutcomeEntry>,
    ) -> Result<(), LedgerError> {
        let settlement = Settlement::new(recorded, outcome, entry.into(), None)?;
        self.push(Job::Settle(settlement)).await
    }

    /// Like [`Self::record_outcome`], but returns once the outcome is durable.
    ///
    /// # Errors
    /// As there. A commit that fails is tried again with the next one.
    pub async fn settle(
        &self,
        recorded: Recorded,
        outcome: Outcome,
        entry: impl Into<OutcomeEntry>,
    ) -> Result<(), LedgerError> {
        let (done, durable) = oneshot::channel();
        let settlement = Settlement::new(recorded, outcome, entry.into(), Some(done))?;
        self.push(Job::Settle(settlement)).await?;
        durable.await.map_err(|_| LedgerError::Closed)
    }

    /// Changes rows of authority, in a commit of its own. Returns the indices of its log
    /// entries.
    ///
    /// # Errors
    /// [`LedgerError::StaleSeal`]; [`crate::StoreError::Conflict`] if an id, place or lookup
    /// text is taken; any other [`LedgerError`].
    pub async fn admin(&self, change: AdminChange) -> Result<Vec<u64>, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.offer(Job::Admin { change, reply })?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Appends a log entry. Answers its index.
    ///
    /// # Errors
    /// Any [`LedgerError`].
    pub async fn append(&self, entry: Vec<u8>) -> Result<u64, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.offer(Job::Append { entry, reply })?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Stores a signed checkpoint.
    ///
    /// # Errors
    /// Any [`LedgerError`].
    pub async fn put_checkpoint(&self, checkpoint: CheckpointRow) -> Result<(), LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.offer(Job::Checkpoint { checkpoint, reply })?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Deletes what was kept in [`Verdict::message`](super::Verdict::message) of requests up to
    /// this number. It shares the next commit; [`crate::Store::forgettable`] bounds the work.
    ///
    /// # Errors
    /// Any [`LedgerError`].
    pub async fn forget(&self, through: u64) -> Result<(), LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.offer(Job::Forget { through, reply })?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Takes in what somebody saw a nonce account hold. What is held under a value that differs
    /// ends, and counts as spent now.
    ///
    /// # Errors
    /// Any [`LedgerError`].
    pub async fn observe(&self, observation: Observation) -> Result<Observed, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.offer(Job::Observe { observation, reply })?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Size and root of the durable log, as they change.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Head> {
        self.watched.head.clone()
    }

    /// The MAC of the last seal over the rows of authority, as the ledger's own seal covers it: an
    /// earlier one is as genuine, and is not this one. After a commit that failed it is what was
    /// found once [`Self::flush`] has returned.
    #[must_use]
    pub fn authority_mac(&self) -> Option<Vec<u8>> {
        self.watched.authority.borrow().clone()
    }

    /// Returns once everything queued before it is durable.
    ///
    /// # Errors
    /// [`LedgerError::Store`] if the last commit failed, [`LedgerError::Closed`].
    pub async fn flush(&self) -> Result<(), LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Flush { reply }).await?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    /// Writes what was queued before it and ends the writer. Later calls get
    /// [`LedgerError::Closed`].
    ///
    /// # Errors
    /// As for [`Self::flush`].
    pub async fn shutdown(&self) -> Result<(), LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.push(Job::Shutdown { reply }).await?;
        answer.await.map_err(|_| LedgerError::Closed)?
    }

    fn offer(&self, job: Job) -> Result<(), LedgerError> {
        self.jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LedgerError::Busy,
            mpsc::error::TrySendError::Closed(_) => LedgerError::Closed,
        })
    }

    async fn push(&self, job: Job) -> Result<(), LedgerError> {
        self.jobs.send(job).await.map_err(|_| LedgerError::Closed)
    }
}
