//! What the circuit breaker around a module knows ([`super::mend`] is what it does).

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What makes the module suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspicion {
    /// A key that was there before is not to be seen; the rest may be well.
    Missed,
    /// The token as a whole does not answer as before.
    Away,
}

/// State of the breaker.
#[derive(Default)]
pub(super) struct Mender {
    state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    /// A thread is at it.
    pub(super) running: bool,
    /// It starts the module just now.
    pub(super) starting: bool,
    /// Suspected since the last start.
    pub(super) suspected: Option<Suspicion>,
    /// Starts that were tried.
    pub(super) starts: u64,
    /// How the last one ended.
    pub(super) well: bool,
}

impl Mender {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the module was started again.
    pub(super) fn starts(&self) -> u64 {
        self.lock().starts
    }
}
