use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use countersign_policy::LimitKey;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::attempts::Attempts;
use super::batch::Draft;
use super::core::Core;
use super::head::Head;
use super::job::{Clock, LedgerError, Randomness};
use super::keys::Keys;
use super::limits::Limits;
use super::queue::{Batch, Job, Reply, Settlement};
use super::rows::RowSeals;
use super::seal::Sealer;
use super::windows::stored_key;
use crate::{Cause, Store, StoreError, StoreResult, StoredRequest, Txn, Writes};

/// How long outcomes that could not be written wait for a next try, if nothing else comes.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Limits whose expired rows are deleted along with one commit.
const EXPIRED_PER_COMMIT: usize = 4;

/// How often the end tries to write outcomes before it gives them up.
const FLUSHES_AT_END: u32 = 3;

/// What is told of the writer's state as it changes, and how rows are checked.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    pub(super) head: watch::Receiver<Head>,
    /// The MAC of the seal over the rows of authority.
    pub(super) authority: watch::Receiver<Option<Vec<u8>>>,
    pub(super) rows: RowSeals,
}

/// The one task that writes.
pub(super) struct Writer {
    store: Arc<dyn Store>,
    clock: Clock,
    randomness: Randomness,
    sealer: Sealer,
    limits: Limits,
    jobs: mpsc::Receiver<Job>,
    head: watch::Sender<Head>,
    authority: watch::Sender<Option<Vec<u8>>>,
    keys: Keys,
    attempts: Attempts,
    /// Attempts that the last commit began.
    opened: usize,
    /// Outcomes that are not durable yet.
    unsettled: Vec<Settlement>,
    /// `None` after a commit that failed: to be read again.
    core: Option<Core>,
    /// The seal that the last commit left.
    sealed: Option<Vec<u8>>,
    /// The seal there is if the commit that failed was done nevertheless.
    in_doubt: Option<[u8; 32]>,
}

impl Writer {
    pub(super) async fn open(
        store: Arc<dyn Store>,
        clock: Clock,
        randomness: Randomness,
        sealer: Sealer,
        limits: Limits,
        jobs: mpsc::Receiver<Job>,
    ) -> StoreResult<(Self, Watched)> {
        let core = Core::load(&*store, Arc::clone(&sealer), &limits).await?;
        let rows = core.rows.clone();
        let (head, shown) = watch::channel(core.head());
        let (authority, sealed_by) = watch::channel(core.authority_mac());
        let watched = Watched {
            head: shown,
            authority: sealed_by,
            rows,
        };
        let writer = Self {
            keys: Keys::fill(Arc::clone(&store)),
            store,
            clock,
            randomness,
            sealer,
            limits,
            jobs,
            head,
            authority,
            attempts: Attempts::default(),
            opened: 0,
            unsettled: Vec::new(),
            sealed: core.seal.clone(),
            core: Some(core),
            in_doubt: None,
        };
        Ok((writer, watched))
    }

    pub(super) async fn run(mut self) {
        let mut shutdown = None;
        while shutdown.is_none() {
            let Some(jobs) = self.gather().await else {
                break;
            };
            shutdown = self.process(jobs).await;
        }
        self.finish(shutdown).await;
    }

    /// Waits for the first job and takes all that wait behind it, up to the bound. Jobs that
    /// nobody waits for are held back a little, so that they share a commit with others.
    async fn gather(&mut self) -> Option<Vec<Job>> {
        let mut jobs = Vec::new();
        if self.unsettled.is_empty() {
            self.jobs.recv_many(&mut jobs, self.limits.batch).await;
            if jobs.is_empty() {
                return None;
            }
        } else if let Ok(0) = timeout(
            RETRY_AFTER,
            self.jobs.recv_many(&mut jobs, self.limits.batch),
        )
        .await
        {
            return None;
        }
        let delay = tokio::time::sleep(self.limits.outcome_delay);
        tokio::pin!(delay);
        while jobs.len() < self.limits.batch && jobs.iter().all(Job::can_wait) {
            tokio::select! {
                received = self.jobs.recv() => match received {
                    Some(job) => jobs.push(job),
                    None => break,
                },
                () = &mut delay => break,
            }
        }
        self.let_signing_catch_up(&mut jobs).await;
        self.let_others_join(&mut jobs).await;
        Some(jobs)
    }

    /// Waits while the signing threads have enough to do: what is recorded now would only
    /// wait for them, and later it shares its commit with more. Half of what the last commit
    /// gave them keeps them busy through the next one.
    async fn let_signing_catch_up(&mut self, jobs: &mut Vec<Job>) {
        let enough = self.limits.signing.max(self.opened / 2);
        let signing = self.attempts.open();
        let mut done = jobs.iter().filter(|job| job.ends_attempt()).count();
        let delay = tokio::time::sleep(self.limits.signing_delay);
        tokio::pin!(delay);
        while jobs.len() < self.limits.batch && signing.saturating_sub(done) > enough {
            tokio::select! {
                received = self.jobs.recv() => match received {
                    Some(job) => {
                        done = done.saturating_add(usize::from(job.ends_attempt()));
                        jobs.push(job);
                    }
                    None => return,
                },
                () = &mut delay => return,
            }
        }
    }

    /// Lets tasks that are ready to run add their jobs first, for as long as more come.
    async fn let_others_join(&mut self, jobs: &mut Vec<Job>) {
        loop {
            let before = jobs.len();
            tokio::task::yield_now().await;
            while jobs.len() < self.limits.batch
                && let Ok(job) = self.jobs.try_recv()
            {
                jobs.push(job);
            }
            if jobs.len() == before {
                return;
            }
        }
    }

    /// Writes what was taken from the queue, in order; says if the writer is to end.
    async fn process(&mut self, jobs: Vec<Job>) -> Option<Reply<()>> {
        let mut shutdown = None;
        for mut batch in Batch::split(jobs, &mut shutdown) {
            self.unsettled.append(&mut batch.settlements);
            self.write(batch).await;
        }
        shutdown
    }

    /// Takes no more jobs, writes those already there, and tells who asked for the end.
    async fn finish(mut self, shutdown: Option<Reply<()>>) {
        self.jobs.close();
        let mut rest = Vec::new();
        while let Ok(job) = self.jobs.try_recv() {
            rest.push(job);
        }
        let second = self.process(rest).await;
        self.keys.stop().await;
        let mut result = self.flush().await;
        for _ in 1..FLUSHES_AT_END {
            if result.is_err() {
                result = self.flush().await;
            }
        }
        for waiting in shutdown.into_iter().chain(second) {
            // Whoever asked may be gone; there is nobody else to tell.
            let _ = waiting.send(result.clone());
        }
    }

    async fn flush(&mut self) -> Result<(), LedgerError> {
        let (reply, flushed) = oneshot::channel();
        self.process(vec![Job::Flush { reply }]).await;
        flushed.await.unwrap_or(Err(LedgerError::Closed))
    }

    async fn write(&mut self, mut batch: Batch) {
        self.attempts.sweep();
        match self.commit(&mut batch).await {
            Ok(()) => {
                let before = self.attempts.open();
                batch.succeed(&mut self.attempts);
                self.opened = self.attempts.open().saturating_sub(before);
            }
            Err(error) => {
                tracing::error!(%error, "could not record a batch of requests");
                batch.fail(&error);
            }
        }
    }

    /// Judges the batch and commits. On any error what was in memory is gone, and is read
    /// again before the next batch.
    async fn commit(&mut self, batch: &mut Batch) -> StoreResult<()> {
        let mut core = self.take_core().await?;
        let mut txn = self.store.begin().await?;
        for settlement in &mut self.unsettled {
            settlement.end_attempt(&mut self.attempts);
        }
        let keys = batch.idempotency_keys();
        let perhaps_known = self.keys.note(&keys);
        batch.unlooked = perhaps_known.len() < keys.len();
        let known = if perhaps_known.is_empty() {
            Vec::new()
        } else {
            txn.find_requests(&perhaps_known).await?
        };
        let missing = self.missing_windows(&mut core, batch);
        load_windows(&mut core, txn.as_mut(), missing).await?;
        let (writes, head) = self.judge(&mut core, known, batch);
        if !writes.is_empty() {
            self.in_doubt = writes.ledger_seal;
            txn.commit(writes).await?;
            self.sealed = self.in_doubt.take().map(Vec::from);
        }
        self.settled();
        self.head
            .send_if_modified(|shown| std::mem::replace(shown, head) != head);
        self.authority.send_if_modified(|shown| {
            let changed = shown.as_deref() != core.authority.as_ref().map(|seal| &*seal.mac);
            if changed {
                *shown = core.authority_mac();
            }
            changed
        });
        self.core = Some(core);
        Ok(())
    }

    fn judge(
        &mut self,
        core: &mut Core,
        known: Vec<StoredRequest>,
        batch: &mut Batch,
    ) -> (Writes, Head) {
        let now = (self.clock)();
        let mut draft = Draft::new(core, known, now, &self.limits, &self.randomness);
        draft.settle(&mut self.unsettled);
        draft.work(batch);
        draft.finish()
    }

    fn missing_windows(&self, core: &mut Core, batch: &Batch) -> Vec<LimitKey> {
        let held = self.unsettled.iter().flat_map(Settlement::limit_keys);
        let observed = batch.observed();
        let ending: Vec<_> = observed
            .flat_map(|one| core.nonces.held_under(one))
            .collect();
        let from = core.expired.len().saturating_sub(EXPIRED_PER_COMMIT);
        let expired = core.expired.split_off(from);
        let keys = batch.limit_keys().chain(held).chain(&ending);
        let missing = core.windows.missing(keys.chain(&expired));
        core.windows.look_through(expired);
        missing
    }

    /// What is in memory, read again from the store if the last commit failed.
    async fn take_core(&mut self) -> StoreResult<Core> {
        if let Some(core) = self.core.take() {
            return Ok(core);
        }
        let sealer = Arc::clone(&self.sealer);
        let core = Core::load(&*self.store, sealer, &self.limits).await?;
        if self.was_done(&core)? {
            // It was done nevertheless: the outcomes in it must not be written twice.
            let (done, left) = std::mem::take(&mut self.unsettled)
                .into_iter()
                .partition(|settlement| settlement.tried);
            self.unsettled = done;
            self.settled();
            self.unsettled = left;
        }
        Ok(core)
    }

    /// Whether the commit that failed was done nevertheless. What is neither with it nor without it
    /// was put there by somebody else, and may well have been genuine once.
    fn was_done(&mut self, core: &Core) -> StoreResult<bool> {
        let seal = core.seal.as_deref();
        let done = self.in_doubt.is_some_and(|ours| seal == Some(&ours));
        if !done && seal != self.sealed.as_deref() {
            return Err(StoreError::Corrupt(Cause::new(
                "the database is not as the last commit left it; somebody set it back or replaced \
                 it under the running appliance: stop it, restore the database, or find out who did",
            )));
        }
        self.in_doubt = None;
        self.sealed.clone_from(&core.seal);
        Ok(done)
    }

    fn settled(&mut self) {
        for settlement in self.unsettled.drain(..) {
            settlement.confirm();
        }
    }
}

async fn load_windows(
    core: &mut Core,
    txn: &mut dyn Txn,
    missing: Vec<LimitKey>,
) -> StoreResult<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = missing.iter().map(stored_key).collect();
    let mut stored: HashMap<Vec<u8>, Vec<(i64, u128)>> = HashMap::new();
    for row in txn.load_usage(&named).await? {
        let buckets = stored.entry(row.limit_key).or_default();
        buckets.push((row.bucket, row.amount));
    }
    for (key, name) in missing.into_iter().zip(named) {
        let buckets = stored.remove(&name).unwrap_or_default();
        let held = core.nonces.held_of(&key);
        core.windows.load(&core.sums, key, name, buckets, held)?;
    }
    Ok(())
}
