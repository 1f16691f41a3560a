use countersign_policy::LimitKey;
use tokio::sync::oneshot;

use super::Recorded;
use super::attempts::{Attempts, Held};
use super::job::{
    AdminChange, Case, Judged, LedgerError, Observation, Outcome, OutcomeEntry, check_entry,
};
use super::nonces::Observed;
use super::ruling::Ruling;
use crate::{CheckpointRow, IdempotencyKey, OutcomeKind, OutcomeRow, StoreError};

pub(super) type Reply<T> = oneshot::Sender<Result<T, LedgerError>>;
pub(super) type JudgedReply = oneshot::Sender<Vec<Result<Judged, LedgerError>>>;

/// What is queued for the writer.
pub(super) enum Job {
    Judge {
        cases: Vec<Case>,
        reply: JudgedReply,
    },
    Settle(Settlement),
    Admin {
        change: AdminChange,
        reply: Reply<Vec<u64>>,
    },
    Append {
        entry: Vec<u8>,
        reply: Reply<u64>,
    },
    Checkpoint {
        checkpoint: CheckpointRow,
        reply: Reply<()>,
    },
    Observe {
        observation: Observation,
        reply: Reply<Observed>,
    },
    Forget {
        through: u64,
        reply: Reply<()>,
    },
    Flush {
        reply: Reply<()>,
    },
    Shutdown {
        reply: Reply<()>,
    },
}

impl Job {
    /// Whether nobody waits for it to be durable.
    pub(super) const fn can_wait(&self) -> bool {
        matches!(self, Self::Settle(Settlement { done: None, .. }))
    }

    /// Whether an attempt to sign ended with it.
    pub(super) const fn ends_attempt(&self) -> bool {
        matches!(self, Self::Settle(_))
    }

    fn fail(self, error: &StoreError) {
        match self {
            Self::Judge { cases, reply } => {
                fail_all(reply, cases.len(), &LedgerError::Store(error.clone()));
            }
            Self::Admin { reply, .. } => deliver(reply, failed(error)),
            Self::Append { reply, .. } => deliver(reply, failed(error)),
            Self::Observe { reply, .. } => deliver(reply, failed(error)),
            Self::Checkpoint { reply, .. }
            | Self::Forget { reply, .. }
            | Self::Flush { reply }
            | Self::Shutdown { reply } => deliver(reply, failed(error)),
            // Kept by the writer and tried again.
            Self::Settle(_) => {}
        }
    }
}

fn failed<T>(error: &StoreError) -> Result<T, LedgerError> {
    Err(LedgerError::Store(error.clone()))
}

fn fail_all(reply: JudgedReply, count: usize, error: &LedgerError) {
    deliver(reply, (0..count).map(|_| Err(error.clone())).collect());
}

fn deliver<T>(reply: oneshot::Sender<T>, answer: T) {
    // Whoever asked may be gone. A `Recorded` in the answer then reports itself abandoned.
    let _ = reply.send(answer);
}

/// What a batch has for one of its jobs, to be told once the batch is durable.
pub(super) enum Answer {
    Judged(JudgedReply, Vec<Result<Ruling, LedgerError>>),
    Indices(Reply<Vec<u64>>, Result<Vec<u64>, LedgerError>),
    Index(Reply<u64>, Result<u64, LedgerError>),
    Observed(Reply<Observed>, Result<Observed, LedgerError>),
    Done(Reply<()>),
}

impl Answer {
    fn send(self, attempts: &mut Attempts) {
        match self {
            Self::Judged(reply, rulings) => {
                let open = |ruling: Result<Ruling, _>| ruling.map(|ruling| ruling.open(attempts));
                deliver(reply, rulings.into_iter().map(open).collect());
            }
            Self::Indices(reply, result) => deliver(reply, result),
            Self::Index(reply, result) => deliver(reply, result),
            Self::Observed(reply, result) => deliver(reply, result),
            Self::Done(reply) => deliver(reply, Ok(())),
        }
    }

    fn fail(self, error: &StoreError, judged: &LedgerError) {
        match self {
            Self::Judged(reply, rulings) => fail_all(reply, rulings.len(), judged),
            Self::Indices(reply, _) => deliver(reply, failed(error)),
            Self::Index(reply, _) => deliver(reply, failed(error)),
            Self::Observed(reply, _) => deliver(reply, failed(error)),
            Self::Done(reply) => deliver(reply, failed(error)),
        }
    }
}

/// Jobs that share one commit.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) settlements: Vec<Settlement>,
    pub(super) jobs: Vec<Job>,
    pub(super) answers: Vec<Answer>,
    /// Whether keys were taken for new without a look into the database.
    pub(super) unlooked: bool,
}

impl Batch {
    /// Groups jobs in order. A change of authority stands alone: if it is refused for a value
    /// that is taken, no request must fail with it. Takes out who asked for the end.
    pub(super) fn split(jobs: Vec<Job>, shutdown: &mut Option<Reply<()>>) -> Vec<Self> {
        let mut batches = vec![Self::default()];
        let mut alone = false;
        for job in jobs {
            let admin = matches!(job, Job::Admin { .. });
            if admin || alone {
                batches.push(Self::default());
            }
            alone = admin;
            let Some(batch) = batches.last_mut() else {
                continue;
            };
            match job {
                Job::Settle(settlement) => batch.settlements.push(settlement),
                Job::Shutdown { reply } => *shutdown = Some(reply),
                job => batch.jobs.push(job),
            }
        }
        batches
    }

    /// The idempotency keys of its cases.
    pub(super) fn idempotency_keys(&self) -> Vec<IdempotencyKey> {
        let real = self.cases().filter(|case| !case.dry_run);
        real.map(|case| case.key.clone()).collect()
    }

    /// The limits its cases are judged by.
    pub(super) fn limit_keys(&self) -> impl Iterator<Item = &LimitKey> {
        self.cases().flat_map(|case| &case.limit_keys)
    }

    /// The nonce accounts that were observed.
    pub(super) fn observed(&self) -> impl Iterator<Item = &[u8; 32]> {
        self.jobs.iter().filter_map(|job| match job {
            Job::Observe { observation, .. } => Some(&observation.account),
            _ => None,
        })
    }

    /// Tells everybody what became of their jobs; they are durable.
    pub(super) fn succeed(self, attempts: &mut Attempts) {
        for answer in self.answers {
            answer.send(attempts);
        }
    }

    /// Tells everybody that nothing may be relied on. Where a key that was taken for new was not,
    /// because somebody else wrote into the database, requests are judged anew, after a look.
    pub(super) fn fail(self, error: &StoreError) {
        let taken = self.unlooked && matches!(error, StoreError::Conflict(_));
        let judged = if taken {
            LedgerError::Stale
        } else {
            LedgerError::Store(error.clone())
        };
        self.answers
            .into_iter()
            .for_each(|answer| answer.fail(error, &judged));
        self.jobs.into_iter().for_each(|job| job.fail(error));
    }

    fn cases(&self) -> impl Iterator<Item = &Case> {
        self.jobs.iter().flat_map(|job| match job {
            Job::Judge { cases, .. } => cases.as_slice(),
            _ => &[],
        })
    }
}

/// What became of an attempt, to be written.
pub(super) struct Settlement {
    seq: u64,
    outcome: Outcome,
    entry: OutcomeEntry,
    done: Option<oneshot::Sender<()>>,
    /// `None` until the attempt has been ended; then what it gives back.
    ended: Option<Option<Vec<Held>>>,
    /// Whether a commit with it was tried.
    pub(super) tried: bool,
}

impl Settlement {
    pub(super) fn new(
        recorded: Recorded,
        outcome: Outcome,
        entry: OutcomeEntry,
        done: Option<oneshot::Sender<()>>,
    ) -> Result<Self, LedgerError> {
        check_entry(&entry.entry)?;
        entry
            .if_kept
            .iter()
            .try_for_each(|entry| check_entry(entry))?;
        Ok(Self {
            seq: recorded.ticket.close(),
            outcome,
            entry,
            done,
            ended: None,
            tried: false,
        })
    }

    /// Ends the attempt, once, however often writing it has to be tried.
    pub(super) fn end_attempt(&mut self, attempts: &mut Attempts) {
        let (seq, outcome) = (self.seq, &self.outcome);
        self.ended.get_or_insert_with(|| match outcome {
            Outcome::Refused(_) | Outcome::NotSent(_) => attempts.ended_unsigned(seq),
            Outcome::Signed(_) | Outcome::Unknown(_) => {
                attempts.ended(seq);
                None
            }
        });
    }

    /// What it gives back; `None` if the reservation stays.
    pub(super) fn released(&self) -> Option<&[Held]> {
        self.ended.as_ref()?.as_deref()
    }

    /// The number of the request.
    pub(super) const fn seq(&self) -> u64 {
        self.seq
    }

    /// The limits it gives something back to.
    pub(super) fn limit_keys(&self) -> impl Iterator<Item = &LimitKey> {
        let held = self.released().unwrap_or_default();
        held.iter().map(|held| &held.key)
    }

    /// Whether this attempt did not sign, but another one may have.
    fn is_kept(&self) -> bool {
        let unsigned = matches!(self.outcome, Outcome::Refused(_) | Outcome::NotSent(_));
        unsigned && self.released().is_none()
    }

    /// The log entry.
    pub(super) fn entry(&self) -> &[u8] {
        let if_kept = self.entry.if_kept.as_ref();
        let if_kept = if_kept.filter(|_| self.is_kept());
        if_kept.unwrap_or(&self.entry.entry)
    }

    /// The row to store: what is known about the request as a whole.
    pub(super) fn row(&self, log_index: u64) -> OutcomeRow {
        let (kind, signature, note) = match &self.outcome {
            Outcome::Signed(signature) => (OutcomeKind::Signed, Some(*signature), None),
            Outcome::Unknown(note) => (OutcomeKind::Unknown, None, Some(note)),
            Outcome::Refused(note) => (OutcomeKind::Refused, None, Some(note)),
            Outcome::NotSent(note) => (OutcomeKind::NotSent, None, Some(note)),
        };
        OutcomeRow {
            seq: self.seq,
            kind: if self.is_kept() {
                OutcomeKind::Unknown
            } else {
                kind
            },
            signature,
            note: note.cloned(),
            log_index,
            mac: Vec::new(),
        }
    }

    /// Tells whoever waits that it is durable.
    pub(super) fn confirm(self) {
        if let Some(done) = self.done {
            deliver(done, ());
        }
    }
}
