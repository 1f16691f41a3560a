use countersign_audit::EntryError;
use countersign_audit::leaf::MAX_ENTRY;
use countersign_intent::{RequestId, Signature, SigningInput, Timestamp, WalletId};
use countersign_policy::{Decision, LimitKey, UsageView};

use super::nonces::{NonceUse, Observed};
use super::{NonceState, Recorded, SequenceState, SequenceUse};
use crate::{AuthorityRow, AuthoritySeal, Cause, IdempotencyKey, StoreError, StoredRequest};

/// Reads the clock.
pub type Clock = Box<dyn Fn() -> Timestamp + Send>;

/// Draws 8 random bytes.
pub type Randomness = Box<dyn Fn() -> Result<[u8; 8], Cause> + Send>;

/// Decides about one case; `None` if what the case was made from has changed since, and it has
/// to be made anew. Runs on the writer: it must not block.
pub type Judge = Box<dyn FnOnce(&Bench<'_>) -> Option<Verdict> + Send>;

/// A request to be judged.
pub struct Case {
    /// Who asks, under which idempotency key.
    pub key: IdempotencyKey,
    /// SHA-256 over everything that was asked for.
    pub fingerprint: [u8; 32],
    /// The wallet asked to sign.
    pub wallet: WalletId,
    /// The bytes that would be signed.
    pub input: SigningInput,
    /// SHA-256 of those bytes.
    pub digest: [u8; 32],
    /// The windows the decision needs: `countersign_policy::limit_keys`.
    pub limit_keys: Vec<LimitKey>,
    /// Only the decision is wanted: it is logged, and nothing is reserved or remembered.
    pub dry_run: bool,
    /// Rows to write in the same commit if it is allowed, and only then: what the permission
    /// uses up. A request that was allowed before cannot use it up again.
    pub on_allow: Option<AdminChange>,
    /// What the signature lives by, where that is something that others could live by as well.
    pub hold: Option<Hold>,
    /// The decision.
    pub judge: Judge,
}

/// A named resource that one signature at a time may live by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// A value that is observed until it is used up.
    Nonce(NonceUse),
    /// A number of an account, in its order.
    Sequence(SequenceUse),
}

/// What is known of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// Of a value.
    Nonce(NonceState),
    /// Of a number.
    Sequence(SequenceState),
}

/// Writes the log entry of what an observation brought about.
pub type Told = Box<dyn FnOnce(&Observed) -> Result<Vec<u8>, EntryError> + Send>;

/// What somebody saw a nonce account hold.
pub struct Observation {
    /// The nonce account.
    pub account: [u8; 32],
    /// The value.
    pub value: [u8; 32],
    /// The slot it was seen at.
    pub slot: u64,
    /// The log entry of one that says something new.
    pub entry: Told,
}

/// What is known at the moment of a decision and not before.
pub struct Bench<'a> {
    /// The time of the decision; never before that of an earlier one.
    pub now: Timestamp,
    /// The id the request has, or will have.
    pub request_id: RequestId,
    /// What was used of the limits named in the case, earlier cases of the same commit
    /// included.
    pub usage: &'a dyn UsageView,
    /// What is known of the resource that the case names.
    pub hold: Option<HoldState>,
}

/// A decision, and how it is remembered.
pub struct Verdict {
    /// The decision.
    pub decision: Decision,
    /// The log entry, exactly as it is hashed; 1 to [`MAX_ENTRY`] bytes.
    pub entry: Vec<u8>,
    /// What is needed to answer the same again; opaque here.
    pub answer: Vec<u8>,
    /// What is needed to judge it under another policy one day; opaque here. Nothing is kept
    /// if empty. It may be forgotten by [`super::Ledger::forget`].
    pub message: Vec<u8>,
}

/// What became of a case. Everything it tells is durable.
#[derive(Debug)]
pub enum Judged {
    /// Allowed, reserved and recorded: it may be signed. Also what a retry gets for as long as
    /// no outcome is known.
    Recorded(Recorded),
    /// Refused.
    Denied {
        /// The request.
        request_id: RequestId,
        /// Index of the log entry.
        log_index: u64,
        /// As the verdict said.
        answer: Vec<u8>,
    },
    /// Waits for approvals.
    Pending {
        /// The request.
        request_id: RequestId,
        /// Index of the log entry.
        log_index: u64,
        /// As the verdict said.
        answer: Vec<u8>,
    },
    /// What would have been decided.
    DryRun {
        /// Names the log entry; nothing is stored under it.
        request_id: RequestId,
        /// Index of the log entry.
        log_index: u64,
        /// As the verdict said.
        answer: Vec<u8>,
    },
    /// It was answered before: denied, pending, or signed, in which case the outcome holds the
    /// signature.
    Replayed(StoredRequest),
    /// The key was used before for something else.
    Conflict {
        /// The request that has the key.
        request_id: RequestId,
    },
}

/// What became of an attempt to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Signed; the signature verified.
    Signed(Signature),
    /// The device refused: it certainly did not sign. Says why.
    Refused(String),
    /// The device was never asked. Says why.
    NotSent(String),
    /// The device may have signed. Says what happened.
    Unknown(String),
}

/// The log entry of an outcome, exactly as it is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeEntry {
    pub(super) entry: Vec<u8>,
    pub(super) if_kept: Option<Vec<u8>>,
}

impl OutcomeEntry {
    /// What to log instead if the attempt was refused or not sent, and the reservation stays
    /// nevertheless, because another attempt at the same request may have signed: the outcome
    /// of the request is then `Unknown`.
    #[must_use]
    pub fn if_kept(mut self, entry: Vec<u8>) -> Self {
        self.if_kept = Some(entry);
        self
    }
}

impl From<Vec<u8>> for OutcomeEntry {
    fn from(entry: Vec<u8>) -> Self {
        Self {
            entry,
            if_kept: None,
        }
    }
}

/// A change to the rows of authority.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdminChange {
    /// Rows; one with the same kind and id is replaced.
    pub rows: Vec<AuthorityRow>,
    /// The seal over all rows after the change. Its version must be one more than that of
    /// the last one, the first being 1; rows cannot change without it.
    pub seal: Option<AuthoritySeal>,
    /// Log entries, exactly as they are hashed.
    pub entries: Vec<Vec<u8>>,
}

/// Why the ledger did not do what it was asked to. Nothing may be signed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerError {
    /// The queue is full; try again later.
    #[error("too many requests are waiting to be recorded")]
    Busy,
    /// The clock went back by more than is tolerated.
    #[error("the clock says {clock}, but {latest} was recorded already; set the clock")]
    Clock {
        /// What the clock says.
        clock: Timestamp,
        /// The latest time recorded.
        latest: Timestamp,
    },
    /// No random bytes for an id.
    #[error("no random bytes: {0}")]
    Randomness(#[source] Cause),
    /// The decision failed, or is not one that can be recorded.
    #[error("no decision: {0}")]
    NoDecision(&'static str),
    /// What was recorded about the request is not what this appliance wrote.
    #[error(
        "what was recorded about {0} was changed behind the appliance's back; it is not acted upon: \
         find out who wrote to the database, then restore it from a backup"
    )]
    NotOurs(RequestId),
    /// So old that nobody knows whether its reservation is there still.
    #[error(
        "{0} was allowed so long ago, or by an earlier version, that whether its limits are still \
         reserved is not known; it is not signed again: ask under another key"
    )]
    TooOld(RequestId),
    /// What the case was made from has changed since; make it anew.
    #[error("the facts of this request changed while it waited")]
    Stale,
    /// A log entry that is empty or too long.
    #[error("expected a log entry of 1 to {MAX_ENTRY} bytes, got {0}")]
    Entry(usize),
    /// A log entry that cannot be written.
    #[error("the log entry cannot be written: {0}")]
    Unwritable(#[from] EntryError),
    /// Another change was made since this one was prepared; prepare it again.
    #[error("expected a seal of version {expected}, got {got}; read the rows again")]
    StaleSeal {
        /// The version that would have been right.
        expected: u64,
        /// The version of the change; 0 if it has no seal.
        got: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger was shut down, or its task ended.
    #[error("the ledger is shut down")]
    Closed,
}

/// An empty entry can be left by one that could not be encoded; a log never has one.
pub(super) fn check_entry(entry: &[u8]) -> Result<(), LedgerError> {
    match entry.len() {
        1..=MAX_ENTRY => Ok(()),
        other => Err(LedgerError::Entry(other)),
    }
}
