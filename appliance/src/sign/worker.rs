//! Threads that own a session each and sign what was recorded.
//!
//! Nothing reaches a device without a [`Recorded`]: the reservation and the log entry about these
//! very bytes are durable before the job is queued.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_hsm::{Backend, Consequence, Device, KeyRef, Signature};
use countersign_intent::SigningInput;
use countersign_store::ledger::{Outcome, Recorded};
use crossbeam_channel::{Receiver, Sender, TrySendError};
use tokio::sync::oneshot;

use super::verify::{Claim, verify_all};
use crate::clock::Clock;

/// Signatures that are verified together at most.
const TOGETHER: usize = 16;

/// How long a signature waits for others to be verified with it at most. Where a device takes
/// longer than this for one, none waits.
const PATIENCE: Duration = Duration::from_millis(1);

const QUEUED: u8 = 0;
const TAKEN: u8 = 1;
const CANCELLED: u8 = 2;

struct Job {
    input: SigningInput,
    key: Arc<KeyRef>,
    claim: Arc<AtomicU8>,
    answer: oneshot::Sender<Attempt>,
}

/// What became of one attempt to sign.
#[derive(Debug)]
pub struct Attempt {
    /// What the ledger records.
    pub outcome: Outcome,
    /// Whether the device's signature verified; `None` where it gave none.
    pub verified: Option<bool>,
}

impl From<Outcome> for Attempt {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            verified: None,
        }
    }
}

/// The pool of signing threads.
#[derive(Debug, Clone)]
pub struct Signers {
    queue: Sender<Job>,
    deadline: Duration,
}

/// Handles of the threads; they end when every [`Signers`] is dropped.
#[derive(Debug)]
pub struct SignerThreads(Vec<JoinHandle<()>>);

impl SignerThreads {
    /// Waits for the threads to end.
    pub fn join(self) {
        for thread in self.0 {
            let _panicked = thread.join();
        }
    }
}

impl Signers {
    /// Opens one session per thread.
    ///
    /// # Errors
    /// A session that cannot be opened, or a thread that cannot be started.
    pub fn start(
        device: &Arc<dyn Device>,
        threads: usize,
        queue: usize,
        deadline: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<(Self, SignerThreads), StartError> {
        let (sender, receiver) = crossbeam_channel::bounded(queue);
        // Without a place for what it holds: it is handed over only to who is idle.
        let (verifier, verified) = crossbeam_channel::bounded(0);
        let mut handles = Vec::with_capacity(threads.saturating_add(1));
        for number in 0..threads {
            let backend = device.connect()?;
            let (jobs, verifier) = (receiver.clone(), verifier.clone());
            let clock = Arc::clone(clock);
            let thread = std::thread::Builder::new()
                .name(format!("hsm-{number}"))
                .spawn(move || serve(backend, &jobs, &verifier, &*clock))?;
            handles.push(thread);
        }
        let verifying = std::thread::Builder::new()
            .name("verify".to_owned())
            .spawn(move || verified.into_iter().for_each(release))?;
        handles.push(verifying);
        let signers = Self {
            queue: sender,
            deadline,
        };
        Ok((signers, SignerThreads(handles)))
    }

    /// Signs the recorded bytes with `key` and checks the signature before it is given out. The
    /// threads have it when this returns; what it comes to is waited for.
    ///
    /// Past the deadline a job that no thread has taken is `NotSent`; one that a device may be
    /// working on is `Unknown`, and its reservation stays spent.
    pub fn sign<'s>(
        &'s self,
        recorded: &Recorded,
        key: Arc<KeyRef>,
    ) -> impl Future<Output = Attempt> + use<'s> {
        let claim = Arc::new(AtomicU8::new(QUEUED));
        let (answer, attempt) = oneshot::channel();
        let job = Job {
            input: recorded.input().clone(),
            key,
            claim: Arc::clone(&claim),
            answer,
        };
        let queued = self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => "every signing thread is busy; try again",
            TrySendError::Disconnected(_) => "the signing threads have ended",
        });
        async move {
            if let Err(why) = queued {
                return Outcome::NotSent(why.to_owned()).into();
            }
            match tokio::time::timeout(self.deadline, attempt).await {
                Ok(Ok(attempt)) => attempt,
                Ok(Err(_)) => {
                    Outcome::Unknown("a signing thread ended while it worked".to_owned()).into()
                }
                Err(_) => self.give_up(&claim).into(),
            }
        }
    }

    fn give_up(&self, claim: &AtomicU8) -> Outcome {
        let cancelled =
            claim.compare_exchange(QUEUED, CANCELLED, Ordering::AcqRel, Ordering::Acquire);
        let waited = self.deadline.as_millis();
        match cancelled {
            Ok(_) => Outcome::NotSent(format!("no signing thread was free within {waited} ms")),
            Err(_) => Outcome::Unknown(format!("the HSM did not answer within {waited} ms")),
        }
    }
}

/// Why the signing threads did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The device refused a session.
    #[error("cannot open a session on the HSM: {0}")]
    Device(#[from] countersign_hsm::Error),
    /// The operating system refused a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Signs one after the other. Where more wait, an idle thread verifies what was signed meanwhile.
fn serve(
    mut backend: Box<dyn Backend>,
    jobs: &Receiver<Job>,
    verifier: &Sender<Vec<Signed>>,
    clock: &dyn Clock,
) {
    while let Ok(first) = jobs.recv() {
        let began = clock.monotonic();
        let mut signed = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            if job.take() {
                signed.push(sign(&mut *backend, job, clock));
            }
            let waited = clock.monotonic().saturating_sub(began);
            let more = signed.len() < TOGETHER && waited < PATIENCE;
            next = more.then(|| jobs.try_recv().ok()).flatten();
        }
        if jobs.is_empty() {
            release(signed);
        } else if let Err(busy) = verifier.try_send(signed) {
            release(busy.into_inner());
        }
    }
}

/// What the device answered, not verified yet.
struct Signed {
    job: Job,
    made: Result<Signature, Outcome>,
}

fn sign(backend: &mut dyn Backend, job: Job, clock: &dyn Clock) -> Signed {
    let started = clock.monotonic();
    let made = backend.sign(&job.key, job.input.for_device());
    let took = clock.monotonic().saturating_sub(started);
    metrics::histogram!("countersign_hsm_sign_seconds").record(took);
    let made = made.map_err(|error| match error.consequence() {
        Consequence::NotSent => Outcome::NotSent(error.to_string()),
        Consequence::Refused => Outcome::Refused(error.to_string()),
        Consequence::OutcomeUnknown | Consequence::Broken => Outcome::Unknown(error.to_string()),
    });
    Signed { job, made }
}

/// Answers with what verifies.
fn release(signed: Vec<Signed>) {
    let claims: Vec<Claim<'_>> = signed.iter().filter_map(Signed::claim).collect();
    let mut verdicts = verify_all(&claims).into_iter();
    for Signed { job, made } in signed {
        let attempt = match made {
            Ok(_) => match verdicts.next().flatten() {
                Some(signature) => Attempt {
                    outcome: Outcome::Signed(signature),
                    verified: Some(true),
                },
                None => Attempt {
                    outcome: unverifiable(),
                    verified: Some(false),
                },
            },
            Err(outcome) => Attempt {
                outcome,
                verified: None,
            },
        };
        let _asker_gave_up = job.answer.send(attempt);
    }
}

/// A signature that does not verify is dropped here; its reservation stays spent, because what
/// made it wrong is not known.
fn unverifiable() -> Outcome {
    metrics::counter!("countersign_signatures_unverifiable_total").increment(1);
    Outcome::Unknown(
        "the HSM's signature does not verify under the wallet's public key; run \
         `countersignd doctor`"
            .to_owned(),
    )
}

impl Signed {
    /// Present exactly where there is a signature.
    fn claim(&self) -> Option<Claim<'_>> {
        let made = self.made.as_ref().ok()?;
        Some(Claim {
            public: &self.job.key.public,
            input: self.job.input.for_device(),
            made,
        })
    }
}

impl Job {
    /// Whether its asker waits for it still; then it is this thread's.
    fn take(&self) -> bool {
        let taken = self
            .claim
            .compare_exchange(QUEUED, TAKEN, Ordering::AcqRel, Ordering::Acquire);
        taken.is_ok()
    }
}

#[cfg(test)]
mod tests;
