//! One thread's session, and how it mends itself.

use std::sync::Arc;

use cryptoki::session::Session;

use super::breaker::Suspicion;
use super::codes::{Failure, Recovery, harmless};
use super::module::Held;
use super::shared::Shared;
use crate::error::{Consequence, Error};

/// One thread's session, opened when it is first needed and again after it was lost.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    read_write: bool,
    open: Option<(Held, u64)>,
}

impl Worker {
    pub(super) const fn new(shared: Arc<Shared>, read_write: bool) -> Self {
        Self {
            shared,
            read_write,
            open: None,
        }
    }

    /// Runs `act`; mends what its failure says is broken, and runs it once more if nothing was
    /// done the first time.
    pub(super) fn run<T>(
        &mut self,
        act: impl Fn(&Shared, &Session) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let first = match self.attempt(&act) {
            Ok(value) => {
                self.shared.went_well();
                return Ok(value);
            }
            Err(failure) => failure,
        };
        let again = match (self.mend(&first), first.nothing_done()) {
            (Ok(true), true) => self.attempt(&act),
            (Err(error), true) => Err(Failure { error, ..first }),
            (Ok(_), _) | (Err(_), false) => Err(first),
        };
        match &again {
            Ok(_) => self.shared.went_well(),
            Err(failure) => {
                self.open = None;
                self.shared.failed(failure);
            }
        }
        again.map_err(|failure| failure.error)
    }

    fn attempt<T>(
        &mut self,
        act: &impl Fn(&Shared, &Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let shared = Arc::clone(&self.shared);
        let _inside = shared.module.enter()?;
        self.attempt_inside(&shared, act).map_err(|failure| {
            let unclear = failure.recovery == Recovery::Session
                && failure.error.consequence() != Consequence::Refused;
            if unclear && !shared.token_answers() {
                return failure.suspicious();
            }
            failure
        })
    }

    fn attempt_inside<T>(
        &mut self,
        shared: &Shared,
        act: &impl Fn(&Shared, &Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let current = shared.generation();
        let kept = self
            .open
            .take()
            .filter(|(held, generation)| *generation == current && held.current().is_some());
        let open = match kept {
            Some(open) => open,
            None => shared.session(self.read_write)?,
        };
        let (held, _) = self.open.insert(open);
        let Some(session) = held.current() else {
            return Err(harmless("using the token").lost_login());
        };
        let failure = match act(shared, session) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        // Without a login tokens refuse for reasons that are not the real one.
        let refused = failure.error.consequence() == Consequence::Refused;
        if refused && !shared.was_logged_in(session, current) {
            return Err(harmless("using the token").lost_login());
        }
        Err(failure)
    }

    /// Answers whether trying once more makes sense.
    fn mend(&mut self, failure: &Failure) -> Result<bool, Error> {
        let seen = self
            .open
            .as_ref()
            .map_or_else(|| self.shared.generation(), |open| open.1);
        match failure.recovery {
            Recovery::None => Ok(false),
            Recovery::Session => {
                self.open = None;
                Ok(true)
            }
            Recovery::Login | Recovery::Handle => {
                self.open = None;
                match self.shared.recover(seen) {
                    Ok(()) => Ok(true),
                    Err(error) if error.consequence() == Consequence::Broken => Err(error),
                    Err(error) => match self.shared.suspect(Suspicion::Away) {
                        true => Ok(true),
                        false => Err(error),
                    },
                }
            }
            Recovery::Module => {
                self.open = None;
                let missed = failure.error.consequence() == Consequence::Refused;
                Ok(self.shared.suspect(match missed {
                    true => Suspicion::Missed,
                    false => Suspicion::Away,
                }))
            }
        }
    }
}
