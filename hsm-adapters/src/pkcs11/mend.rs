//! The circuit breaker around a module that lost its view of the token.
//!
//! A token whose files, descriptors or connection were away for a moment comes back by itself, but some
//! modules go on answering as if its objects were gone (SoftHSM2 2.6.1: until `C_Finalize`). One
//! thread starts such a module again, at growing distances, until the token shows what it showed
//! before. It ends once nothing was suspected for the time of a distance. The PIN goes only to
//! the token it was accepted by, and never where that says that tries are running out.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use super::breaker::{State, Suspicion};
use super::shared::Shared;
use crate::error::{Consequence, Error};

/// Between the first starts.
const SHORTEST: Duration = Duration::from_millis(250);

/// Between starts while the token is away.
const AWAY: Duration = Duration::from_secs(2);

/// Between starts while the token is there, and a single key is missed on it.
const MISSED: Duration = Duration::from_secs(10);

/// How long a call waits for a start that is under way.
const PATIENCE: Duration = Duration::from_secs(3);

impl Shared {
    /// Says that the module is suspect. Waits for a start that this begins or that is under way, and
    /// answers whether one was made.
    pub(super) fn suspect(self: &Arc<Self>, suspicion: Suspicion) -> bool {
        if self.gave_up() {
            return false;
        }
        let mut state = self.mender.lock();
        let before = state.starts;
        if state.suspected != Some(Suspicion::Away) {
            state.suspected = Some(suspicion);
        }
        if !state.running {
            let weak = Arc::downgrade(self);
            let thread = std::thread::Builder::new().name("hsm-mender".to_owned());
            state.running = thread.spawn(move || mend(&weak)).is_ok();
            state.starting = state.running;
        }
        self.mender.changed.notify_all();
        let waiting = |state: &mut State| state.starting && state.starts == before;
        let waited = self
            .mender
            .changed
            .wait_timeout_while(state, PATIENCE, waiting);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.starts != before
    }

    /// Starts the module again, logs in, and looks whether the token shows what it showed before.
    fn start_again(&self) -> Result<(), Error> {
        let seen = self.generation();
        self.module.restart().map_err(|failure| failure.error)?;
        self.recover(seen)?;
        let _inside = self.module.enter().map_err(|failure| failure.error)?;
        self.sight().map_err(|failure| failure.error)
    }
}

fn mend(shared: &Weak<Shared>) {
    let mut pause = SHORTEST;
    while let Some(alive) = shared.upgrade() {
        alive.mender.lock().suspected = None;
        let result = alive.start_again();
        let mut state = alive.mender.lock();
        state.starting = false;
        state.starts = state.starts.saturating_add(1);
        state.well = result.is_ok();
        let dead = result.is_err_and(|error| error.consequence() == Consequence::Broken);
        alive.mender.changed.notify_all();
        // While only a key was missed, a token that goes away is not left waiting.
        let rested = |state: &mut State| {
            !(state.well && pause > AWAY && state.suspected == Some(Suspicion::Away))
        };
        let waited = alive
            .mender
            .changed
            .wait_timeout_while(state, pause, rested);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let abandoned = Arc::strong_count(&alive) == 1;
        if dead || abandoned || (state.well && state.suspected.is_none()) {
            state.running = false;
            return;
        }
        state.starting = true;
        let longest = if state.well { MISSED } else { AWAY };
        pause = pause.saturating_mul(2).min(longest);
    }
}
