//! Time that a clock which is set cannot move.
//!
//! The wall clock is held against the monotonic one. While both agree, time is the wall clock's,
//! and never goes back. Once they differ by more than the tolerance, in either direction, the
//! clock is *suspect*: time goes on from where it was, by the monotonic clock alone, until an
//! operator has confirmed that the wall clock is right. So a jump makes no limit heal, ends no
//! time lock and lets no approval lapse.
//!
//! Steps add up: what counts is the distance from the last time that both were held to be right
//! together, which is the start or the last confirmation. So a clock that is moved by a little
//! again and again is noticed too. Clocks that are slewed move both, and cause no step.
//!
//! While the appliance is stopped nobody looks, so at a start the wall clock is held against the
//! count of the machine since it was started ([`Seen`]).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_intent::{Span, Timestamp};

use super::{Clock, ClockRecord, Seen, Suspicion, Uptime};

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The wall clock.
    pub clock: Timestamp,
    /// The time that counts.
    pub time: Timestamp,
    /// Why they may differ.
    pub suspect: Option<Suspicion>,
    monotonic: i64,
}

impl Reading {
    /// Whether time stands still, because what was recorded is ahead of the clock.
    #[must_use]
    pub fn stands_still(&self) -> bool {
        self.suspect.is_none() && self.time > self.clock
    }
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// Wall and monotonic time when they were last held to be right together.
    wall: i64,
    monotonic: i64,
    /// The latest time that was told: none before it is told again.
    floor: i64,
    suspect: Option<Suspicion>,
    recorded: bool,
}

impl State {
    const fn expected(&self, monotonic: i64) -> i64 {
        self.wall
            .saturating_add(monotonic.saturating_sub(self.monotonic))
    }

    const fn suspect(&mut self, suspicion: Suspicion, recorded: bool) {
        self.suspect = Some(suspicion);
        self.recorded = recorded;
    }
}

/// Tells the time.
#[allow(missing_debug_implementations, reason = "a clock has nothing to show")]
pub struct Timekeeper {
    clock: Arc<dyn Clock>,
    tolerance: i64,
    state: Mutex<State>,
}

impl Timekeeper {
    /// Trusts both clocks as they are now.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, tolerance: Span) -> Self {
        let state = State {
            wall: clock.now().micros(),
            monotonic: micros(clock.monotonic()),
            floor: i64::MIN,
            suspect: None,
            recorded: false,
        };
        Self {
            clock,
            tolerance: i64::try_from(tolerance.micros()).unwrap_or(i64::MAX),
            state: Mutex::new(state),
        }
    }

    /// Holds the wall clock against the latest time that was recorded before this start, and
    /// against what is recorded about the clock itself. A suspicion is not forgotten, also if the
    /// clock looks right by now. One that lies behind what was recorded is not suspected again
    /// while it is no further behind than an operator confirmed; time stands still meanwhile.
    ///
    /// A clock ahead of what was recorded may have been set, or the appliance was stopped for that
    /// long. Since the machine's last start its own count tells which; over a restart of the machine
    /// nothing does, and more than `max_stop` is held to have been set.
    pub fn resume(&self, latest: Timestamp, record: Option<&ClockRecord>, max_stop: Span) {
        let mut state = self.state();
        let (wall, monotonic) = (self.clock.now().micros(), micros(self.clock.monotonic()));
        let latest = latest.micros();
        state.floor = latest;
        (state.wall, state.monotonic) = (wall, monotonic);
        if let Some(suspicion) = record.and_then(|record| record.suspect) {
            // How long the appliance was down is not known, so it does not count as time.
            state.floor = latest.max(suspicion.since);
            state.wall = state.floor;
            state.suspect(suspicion, true);
            return;
        }
        if let Some(suspicion) = self.set_meanwhile(latest, record, max_stop) {
            state.floor = suspicion.since;
            state.wall = suspicion.since;
            state.suspect(suspicion, false);
            return;
        }
        if latest.saturating_sub(wall) <= self.tolerance {
            return;
        }
        let confirmed = record.and_then(|record| record.confirmed.as_ref());
        if let Some(confirmed) = confirmed
            && latest <= confirmed.time.saturating_add(self.tolerance)
            && wall >= confirmed.clock.saturating_sub(self.tolerance)
        {
            state.floor = latest.max(confirmed.time);
            return;
        }
        state.wall = latest;
        let suspicion = Suspicion {
            since: latest,
            clock: wall,
            step: wall.saturating_sub(latest),
        };
        state.suspect(suspicion, false);
    }

    /// Why the clock may have been set while nobody looked.
    fn set_meanwhile(
        &self,
        latest: i64,
        record: Option<&ClockRecord>,
        max_stop: Span,
    ) -> Option<Suspicion> {
        let confirmed = record.and_then(|record| record.confirmed.as_ref());
        let seen = record.and_then(|record| record.seen.as_ref());
        let now = Seen::of(&*self.clock);
        if let (Some(seen), Some(now)) = (seen, &now)
            && let Some(passed) = now.since(seen)
        {
            let expected = seen.clock.saturating_add(passed);
            let step = now.clock.saturating_sub(expected);
            let told = confirmed.map_or(latest, |confirmed| confirmed.time.max(latest));
            return (step.saturating_abs() > self.tolerance).then(|| Suspicion {
                since: expected.max(told),
                clock: now.clock,
                step,
            });
        }
        let wall = self.clock.now().micros();
        let known = confirmed.map_or(latest, |confirmed| confirmed.clock.max(latest));
        let stopped = wall.saturating_sub(known);
        let most = i64::try_from(max_stop.micros()).unwrap_or(i64::MAX);
        // Before anything was recorded there is nothing to hold it against.
        (latest > 0 && stopped > most).then_some(Suspicion {
            since: latest,
            clock: wall,
            step: stopped,
        })
    }

    /// The wall clock beside the machine's own count, to be held against each other at the next
    /// start.
    #[must_use]
    pub fn seen(&self) -> Option<Seen> {
        Seen::of(&*self.clock)
    }

    /// Both clocks now.
    #[must_use]
    pub fn read(&self) -> Reading {
        let mut state = self.state();
        // Between two readings of the monotonic clock, so that a process that was held up
        // between them does not take that for a step.
        let before = micros(self.clock.monotonic());
        let wall = self.clock.now().micros();
        let after = micros(self.clock.monotonic());
        let (earliest, latest) = (state.expected(before), state.expected(after));
        let step = if wall < earliest {
            wall.saturating_sub(earliest)
        } else {
            wall.saturating_sub(latest).max(0)
        };
        if state.suspect.is_none() && step.saturating_abs() > self.tolerance {
            let suspicion = Suspicion {
                since: latest.max(state.floor),
                clock: wall,
                step,
            };
            state.suspect(suspicion, false);
            // From where it was told to be, also if it stood still.
            (state.wall, state.monotonic) = (suspicion.since, after);
        }
        let told = if state.suspect.is_some() {
            state.expected(after)
        } else {
            wall
        };
        state.floor = state.floor.max(told);
        Reading {
            clock: Timestamp::from_micros(wall),
            time: Timestamp::from_micros(state.floor),
            suspect: state.suspect,
            monotonic: after,
        }
    }

    /// Why the clock is not trusted, as of the last reading.
    #[must_use]
    pub fn suspect(&self) -> Option<Suspicion> {
        self.state().suspect
    }

    /// The suspicion that is not recorded yet.
    #[must_use]
    pub fn unrecorded(&self) -> Option<Suspicion> {
        let state = self.state();
        state.suspect.filter(|_| !state.recorded)
    }

    /// Notes that a suspicion is recorded.
    pub fn recorded(&self, suspicion: &Suspicion) {
        let mut state = self.state();
        if state.suspect.as_ref() == Some(suspicion) {
            state.recorded = true;
        }
    }

    /// Trusts the wall clock as it was at this reading. If it is behind the time that was told,
    /// time stands still until it has caught up.
    pub fn trust(&self, reading: &Reading) {
        let mut state = self.state();
        state.wall = reading.clock.micros();
        state.monotonic = reading.monotonic;
        state.suspect = None;
        state.recorded = false;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Timekeeper {
    fn now(&self) -> Timestamp {
        self.read().time
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }

    fn uptime(&self) -> Option<Uptime> {
        self.clock.uptime()
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
