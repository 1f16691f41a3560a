use std::sync::{Arc, Mutex, PoisonError};

use countersign_intent::{RequestId, SigningInput, Timestamp, WalletId};

/// Evidence that a reservation and the entry "about to sign these bytes" are durable.
///
/// Only the ledger makes one. Hand it back with the outcome; dropping it instead means that
/// nobody knows whether it was signed, and the reservation stays.
#[derive(Debug)]
pub struct Recorded {
    pub(super) request_id: RequestId,
    pub(super) log_index: u64,
    pub(super) wallet: WalletId,
    pub(super) at: Timestamp,
    pub(super) digest: [u8; 32],
    pub(super) input: SigningInput,
    pub(super) answer: Vec<u8>,
    pub(super) judged_now: bool,
    pub(super) ticket: Ticket,
}

impl Recorded {
    /// The request.
    #[must_use]
    pub const fn request_id(&self) -> RequestId {
        self.request_id
    }

    /// Index of the log entry that records the reservation.
    #[must_use]
    pub const fn log_index(&self) -> u64 {
        self.log_index
    }

    /// The wallet whose key is to sign.
    #[must_use]
    pub const fn wallet(&self) -> WalletId {
        self.wallet
    }

    /// When it was allowed.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// SHA-256 of the bytes to sign.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The bytes to sign.
    #[must_use]
    pub const fn input(&self) -> &SigningInput {
        &self.input
    }

    /// Whether it was judged for this very attempt. If not, what it says was read from the
    /// database.
    #[must_use]
    pub const fn judged_now(&self) -> bool {
        self.judged_now
    }

    /// What the verdict said to remember.
    #[must_use]
    pub fn answer(&self) -> &[u8] {
        &self.answer
    }
}

/// Numbers of requests whose [`Recorded`] was dropped without an outcome.
#[derive(Debug, Clone, Default)]
pub(super) struct Abandoned(Arc<Mutex<Vec<u64>>>);

impl Abandoned {
    pub(super) fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, seq: u64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seq);
    }
}

/// One attempt to sign: reports itself as abandoned unless it is closed.
#[derive(Debug)]
pub(super) struct Ticket {
    seq: u64,
    abandoned: Option<Abandoned>,
}

impl Ticket {
    pub(super) const fn new(seq: u64, abandoned: Abandoned) -> Self {
        Self {
            seq,
            abandoned: Some(abandoned),
        }
    }

    pub(super) fn close(mut self) -> u64 {
        self.abandoned = None;
        self.seq
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(abandoned) = &self.abandoned {
            abandoned.push(self.seq);
        }
    }
}
