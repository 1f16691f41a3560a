use super::*;
use crate::clock::{Confirmed, ManualClock};
use proptest::prelude::*;

const TOLERANCE: Span = Span::from_secs(5);
const HOUR: i64 = 3_600;
const MAX_STOP: Span = Span::from_secs(7 * 86_400);

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
    keeper.resume(latest, Some(record), MAX_STOP);
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
        ..ClockRecord::default()
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
        confirmed: Some(Confirmed {
            by: "operator/a".to_owned(),
            time: reading.time.micros(),
            clock: reading.clock.micros(),
        }),
        ..ClockRecord::default()
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

fn remembered(clock: &Arc<ManualClock>) -> ClockRecord {
    ClockRecord {
        seen: Seen::of(&**clock),
        ..ClockRecord::default()
    }
}

#[test]
fn a_clock_that_was_set_while_nobody_looked_is_noticed() {
    for (jump, direction) in [(HOUR, "forward"), (-HOUR, "back"), (6, "forward")] {
        let clock = ManualClock::at(start());
        let record = remembered(&clock);
        clock.advance(Span::from_secs(7_200));
        clock.jump(jump);
        // Recorded a minute after the start; stopped for the rest.
        let keeper = again(&clock, after(60), &record);
        let reading = keeper.read();
        let suspicion = reading.suspect.unwrap();
        assert_eq!(
            (suspicion.direction(), suspicion.step),
            (direction, jump * 1_000_000)
        );
        assert_eq!(keeper.unrecorded(), Some(suspicion));
        // Time goes on by the machine's count: the stop counts, the jump does not.
        assert_eq!(reading.time, after(7_200));
        clock.advance(Span::from_secs(10));
        assert_eq!(keeper.now(), after(7_210));
    }
}

#[test]
fn a_long_stop_is_no_jump_while_the_machine_counts() {
    let clock = ManualClock::at(start());
    let record = remembered(&clock);
    clock.advance(Span::from_secs(90 * 86_400));
    let keeper = again(&clock, after(60), &record);
    assert_eq!(keeper.read().suspect, None);
    assert_eq!(keeper.now(), after(90 * 86_400));
}

#[test]
fn small_steps_add_up_over_restarts() {
    let clock = ManualClock::at(start());
    let record = remembered(&clock);
    for (step, suspect) in [(4, false), (4, true)] {
        clock.advance(Span::from_secs(100));
        clock.jump(step);
        let keeper = again(&clock, after(60), &record);
        assert_eq!(keeper.read().suspect.is_some(), suspect);
    }
}

#[test]
fn over_a_restart_of_the_machine_only_a_long_stop_is_suspect() {
    for (stopped, suspect) in [(3 * 86_400, false), (7 * 86_400, false), (8 * 86_400, true)] {
        let clock = ManualClock::at(start());
        let record = remembered(&clock);
        clock.advance(Span::from_secs(60 + stopped));
        clock.reboot();
        let keeper = again(&clock, after(60), &record);
        let reading = keeper.read();
        assert_eq!(reading.suspect.is_some(), suspect, "{stopped}");
        let time = if suspect { 60 } else { 60 + stopped };
        assert_eq!(reading.time, after(time), "{stopped}");
        // Nor does a machine that tells nothing.
        let silent = again(&clock, after(60), &ClockRecord::default());
        assert_eq!(silent.read().suspect.is_some(), suspect, "{stopped}");
        keeper.trust(&reading);
        let confirmed = ClockRecord {
            confirmed: Some(Confirmed {
                by: "operator/a".to_owned(),
                time: reading.time.micros(),
                clock: reading.clock.micros(),
            }),
            ..ClockRecord::default()
        };
        clock.reboot();
        let keeper = again(&clock, after(60), &confirmed);
        assert_eq!(keeper.read().suspect, None, "it was confirmed");
    }
}

#[test]
fn before_anything_was_recorded_there_is_nothing_to_suspect() {
    let clock = ManualClock::at(start());
    let keeper = again(&clock, Timestamp::from_micros(0), &ClockRecord::default());
    assert_eq!(keeper.read().suspect, None);
}
