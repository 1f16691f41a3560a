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

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_intent::{Span, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Clock, ClockRecord};

/// Why the clock is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspicion {
    /// When it was noticed, by the time that goes on; microseconds since the Unix epoch.
    pub since: i64,
    /// What the wall clock said then.
    pub clock: i64,
    /// How far it had moved, in microseconds; below 0 is back.
    pub step: i64,
}

impl Suspicion {
    /// The word for its direction.
    #[must_use]
    pub const fn direction(&self) -> &'static str {
        if self.step < 0 { "back" } else { "forward" }
    }

    /// How far the clock had moved, to the millisecond.
    #[must_use]
    pub const fn by(&self) -> Span {
        Span::from_micros(self.step.unsigned_abs() / 1_000 * 1_000)
    }
}

impl std::fmt::Display for Suspicion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (time, clock) = (self.since, self.clock);
        write!(
            f,
            "the clock went {} by {}: at {} it said {}",
            self.direction(),
            self.by(),
            Timestamp::from_micros(time),
            Timestamp::from_micros(clock)
        )
    }
}

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
    pub fn resume(&self, latest: Timestamp, record: Option<&ClockRecord>) {
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
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Confirmed, ManualClock};
    use proptest::prelude::*;

    const TOLERANCE: Span = Span::from_secs(5);
    const HOUR: i64 = 3_600;

    fn start() -> Timestamp {
        Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
    }

    fn keeper() -> (Arc<ManualClock>, Timekeeper) {
        let clock = ManualClock::at(start());
        (
            Arc::clone(&clock),
            Timekeeper::new(Arc::clone(&clock) as _, TOLERANCE),
        )
    }

    fn again(clock: &Arc<ManualClock>, latest: Timestamp, record: &ClockRecord) -> Timekeeper {
        let keeper = Timekeeper::new(Arc::clone(clock) as _, TOLERANCE);
        keeper.resume(latest, Some(record));
        keeper
    }

    fn after(seconds: u64) -> Timestamp {
        start().saturating_add(Span::from_secs(seconds))
    }

    #[test]
    fn a_step_within_the_tolerance_is_taken_and_time_stands_still() {
        let (clock, keeper) = keeper();
        clock.advance(Span::from_secs(10));
        assert_eq!(keeper.now(), after(10));
        clock.jump(-5);
        let reading = keeper.read();
        assert_eq!((reading.time, reading.suspect), (after(10), None));
        assert!(reading.stands_still());
        clock.advance(Span::from_secs(6));
        assert_eq!(keeper.now(), after(11));
        assert!(!keeper.read().stands_still());
    }

    #[test]
    fn a_jump_in_either_direction_is_told_and_time_goes_on_as_before() {
        for (jump, direction) in [(-HOUR, "back"), (HOUR, "forward"), (-6, "back")] {
            let (clock, keeper) = keeper();
            clock.advance(Span::from_secs(10));
            clock.jump(jump);
            clock.advance(Span::from_secs(1));
            let reading = keeper.read();
            let suspicion = reading.suspect.unwrap();
            assert_eq!(suspicion.direction(), direction);
            assert_eq!(suspicion.step, jump * 1_000_000);
            assert_eq!(reading.time, after(11));
            clock.advance(Span::from_secs(60));
            assert_eq!(keeper.now(), after(71));
            // It is not forgotten when the clock comes back by itself.
            clock.jump(-jump);
            assert_eq!(keeper.read().suspect, Some(suspicion));
        }
    }

    #[test]
    fn small_steps_add_up() {
        for step in [4, -4] {
            let (clock, keeper) = keeper();
            clock.jump(step);
            assert_eq!(keeper.read().suspect, None);
            clock.advance(Span::from_secs(86_400));
            assert_eq!(keeper.read().suspect, None);
            clock.jump(step);
            assert!(keeper.read().suspect.is_some(), "{step}");
        }
    }

    #[test]
    fn a_confirmed_clock_counts_forward_and_holds_time_back() {
        let (clock, keeper) = keeper();
        clock.jump(HOUR);
        keeper.trust(&keeper.read());
        assert_eq!(keeper.now(), after(3_600));
        clock.jump(-2 * HOUR);
        assert!(keeper.read().suspect.is_some());
        clock.advance(Span::from_secs(60));
        keeper.trust(&keeper.read());
        let reading = keeper.read();
        assert_eq!((reading.time, reading.suspect), (after(3_660), None));
        assert!(reading.stands_still());
        clock.advance(Span::from_secs(2 * 3_600 - 61));
        assert_eq!(keeper.now(), after(3_660));
        clock.advance(Span::from_secs(62));
        assert_eq!(keeper.now(), after(3_661));
    }

    #[test]
    fn a_jump_between_the_reading_and_the_trust_is_noticed() {
        let (clock, keeper) = keeper();
        clock.jump(HOUR);
        let reading = keeper.read();
        clock.jump(HOUR);
        keeper.trust(&reading);
        assert_eq!(keeper.read().suspect.unwrap().step, HOUR * 1_000_000);
    }

    #[test]
    fn a_suspicion_survives_a_restart_and_time_goes_on_from_what_was_recorded() {
        let (clock, keeper) = keeper();
        clock.jump(HOUR);
        let suspicion = keeper.read().suspect.unwrap();
        assert_eq!(keeper.unrecorded(), Some(suspicion));
        keeper.recorded(&suspicion);
        assert_eq!(keeper.unrecorded(), None);
        let record = ClockRecord {
            suspect: Some(suspicion),
            confirmed: None,
        };
        clock.advance(Span::from_secs(600));
        for back in [0, -HOUR] {
            clock.jump(back);
            let keeper = again(&clock, after(30), &record);
            assert_eq!(keeper.read().suspect, Some(suspicion));
            assert_eq!(keeper.unrecorded(), None);
            assert_eq!(keeper.now(), after(30));
        }
    }

    #[test]
    fn a_start_behind_what_was_recorded_is_suspect_unless_that_was_confirmed() {
        let clock = ManualClock::at(start());
        let none = ClockRecord::default();
        assert_eq!(again(&clock, after(5), &none).read().suspect, None);
        let keeper = again(&clock, after(3_600), &none);
        let reading = keeper.read();
        assert_eq!(reading.suspect.unwrap().direction(), "back");
        assert_eq!(reading.time, after(3_600));
        keeper.trust(&reading);
        let confirmed = ClockRecord {
            suspect: None,
            confirmed: Some(Confirmed {
                by: "operator/a".to_owned(),
                time: reading.time.micros(),
                clock: reading.clock.micros(),
            }),
        };
        let keeper = again(&clock, after(3_600), &confirmed);
        assert_eq!(keeper.read().suspect, None);
        assert_eq!(keeper.now(), after(3_600));
        // Further back than was confirmed, or behind something recorded later.
        let later = again(&clock, after(7_200), &confirmed);
        assert!(later.read().suspect.is_some());
        clock.jump(-HOUR);
        let further = again(&clock, after(3_600), &confirmed);
        assert!(further.read().suspect.is_some());
    }

    proptest! {
        /// Whatever happens to the clock: without a confirmation, time moves on by what passed and
        /// at most the tolerance more, and it never goes back.
        #[test]
        fn no_jump_moves_time(steps in prop::collection::vec((0_u64..100, -10_000_i64..10_000), 1..40)) {
            let (clock, keeper) = keeper();
            let (mut passed, mut before) = (0, keeper.now());
            for (wait, jump) in steps {
                clock.advance(Span::from_secs(wait));
                passed += wait;
                clock.jump(jump);
                let now = keeper.now();
                prop_assert!(now >= before);
                prop_assert!(now <= after(passed).saturating_add(TOLERANCE));
                before = now;
            }
        }
    }
}
