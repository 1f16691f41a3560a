use super::*;
use proptest::prelude::*;

const HOUR: u64 = 3_600_000_000;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Every amount with its exact instant: what a window must never fall short of.
#[derive(Default)]
struct Oracle {
    spent: Vec<(i64, u128)>,
    latest: Option<i64>,
}

impl Oracle {
    fn seen(&self, now: i64) -> i64 {
        self.latest.map_or(now, |latest| latest.max(now))
    }

    fn spend(&mut self, now: i64, amount: u128) {
        self.latest = Some(now);
        self.spent.push((now, amount));
    }

    /// Sum over the closed period from `now - length` to `now`.
    fn used(&self, now: i64, length: u64) -> u128 {
        let edge = i128::from(now) - i128::from(length);
        let inside = self.spent.iter().filter(|(at, _)| i128::from(*at) >= edge);
        inside.map(|(_, amount)| amount).sum()
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// Time goes on, or back.
    Wait(i64),
    /// To just before, at, or just after the end of a bucket or of the window.
    Edge(i64, i64),
    Spend(u128),
    GiveBack(usize),
    Restart,
}

fn step(length: u64) -> impl Strategy<Value = Step> {
    let length = i64::try_from(length).unwrap();
    prop_oneof![
        4 => (0..length / 3 + 2).prop_map(Step::Wait),
        1 => (-length / 2 - 1..0_i64).prop_map(Step::Wait),
        2 => (0..300_i64, -1..2_i64).prop_map(|(buckets, by)| Step::Edge(buckets, by)),
        8 => (0..40_u128).prop_map(Step::Spend),
        1 => (0..8_usize).prop_map(Step::GiveBack),
        1 => Just(Step::Restart),
    ]
}

fn runs() -> impl Strategy<Value = (u64, i64, Vec<Step>)> {
    let lengths = prop_oneof![
        1..2_000_u64,
        Just(60_000_000),
        Just(24 * HOUR),
        Just(127),
        Just(129)
    ];
    (lengths, -5_000..5_000_i64).prop_flat_map(|(length, start)| {
        (
            Just(length),
            Just(start),
            prop::collection::vec(step(length), 1..100),
        )
    })
}

/// Plays a run against window and oracle; `judge` sees both before anything is spent.
fn play(
    (length, start, steps): (u64, i64, Vec<Step>),
    limit: u128,
    mut judge: impl FnMut(&Window, &Oracle, i64),
) {
    let mut window = Window::new(Span::from_micros(length));
    let mut oracle = Oracle::default();
    let mut held: Vec<(i64, i64, u128)> = Vec::new();
    let mut now = start;
    let mut floor = i64::MIN;
    for step in steps {
        match step {
            Step::Wait(by) => now += by,
            Step::Edge(buckets, by) => {
                let size = i64::try_from(length.div_ceil(BUCKETS_PER_WINDOW)).unwrap();
                now = (now.div_euclid(size) + buckets) * size + by;
            }
            Step::Spend(amount) => {
                let seen = oracle.seen(now);
                let now = at(now.max(floor));
                judge(&window, &oracle, seen);
                if window.used(now) + amount <= limit {
                    let bucket = window.add(now, amount);
                    oracle.spend(seen, amount);
                    held.push((seen, bucket, amount));
                }
            }
            Step::GiveBack(which) => {
                if which < held.len() {
                    let (seen, bucket, amount) = held.remove(which);
                    window.give_back(bucket, amount);
                    let same = |spent: &(i64, u128)| *spent == (seen, amount);
                    let place = oracle.spent.iter().position(same).unwrap();
                    oracle.spent.remove(place);
                }
            }
            Step::Restart => {
                let stored: Vec<_> = window.buckets().collect();
                window = Window::restore(Span::from_micros(length), stored);
                // The newest bucket is known again, its exact instant is not: whoever restores a
                // window knows the latest time that was recorded.
                floor = oracle.latest.unwrap_or(i64::MIN);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

    #[test]
    fn inv06_no_window_is_overspent(run in runs(), limit in 0..200_u128) {
        let length = run.0;
        play(run, limit, |window, oracle, seen| {
            let exact = oracle.used(seen, length);
            assert!(window.used(at(seen)) >= exact, "forgets what was spent");
            assert!(exact <= limit, "{exact} over {limit}");
        });
    }

    #[test]
    fn a_window_is_stricter_by_less_than_one_bucket(run in runs()) {
        let length = run.0;
        let bucket = length.div_ceil(BUCKETS_PER_WINDOW);
        play(run, u128::MAX, |window, oracle, seen| {
            let longer = oracle.used(seen, length + bucket - 1);
            assert!(window.used(at(seen)) <= longer, "still counts what left");
        });
    }

    #[test]
    fn retry_after_is_the_first_time_that_works(
        run in runs(),
        asked in 0..100_u128,
        limit in 0..100_u128,
    ) {
        play(run, limit, |window, _, seen| {
            let now = at(seen);
            match window.retry_after(now, asked, limit) {
                None => assert!(asked > limit),
                Some(then) => {
                    assert!(window.used(then) + asked <= limit);
                    let before = at(then.micros() - 1);
                    assert!(then == now || window.used(before) + asked > limit);
                }
            }
        });
    }

    #[test]
    fn few_buckets_are_kept(run in runs()) {
        play(run, u128::MAX, |window, _, _| {
            assert!(window.buckets().count() <= 131);
        });
    }
}

/// The clock is set back by less than a bucket, and the window is restored: what had left by the
/// latest recorded time does not come back in.
#[test]
fn time_does_not_go_back_behind_what_was_recorded() {
    let run = vec![
        Step::Spend(1),
        Step::Edge(51, 1),
        Step::Wait(44),
        Step::Spend(0),
        Step::Wait(-2),
        Step::Restart,
        Step::Spend(0),
    ];
    play((145, -2_293, run), 117, |window, oracle, seen| {
        assert!(window.used(at(seen)) >= oracle.used(seen, 145));
        assert!(seen != -2_148, "an instant that was over");
    });
}

#[test]
fn spending_counts_until_its_bucket_has_left() {
    let day = Span::from_micros(24 * HOUR);
    let mut window = Window::new(day);
    window.add(at(0), 10);
    let bucket = i64::try_from(24 * HOUR / 128).unwrap();
    let length = i64::try_from(24 * HOUR).unwrap();
    assert_eq!(window.used(at(length)), 10);
    assert_eq!(window.used(at(length + bucket - 1)), 10);
    assert_eq!(window.used(at(length + bucket)), 0);
    assert_eq!(window.retry_after(at(5), 1, 10), Some(at(length + bucket)));
    assert_eq!(window.retry_after(at(5), 11, 10), None);
}

#[test]
fn a_clock_set_back_frees_nothing() {
    let mut window = Window::new(Span::from_secs(60));
    window.add(at(100_000_000), 7);
    assert_eq!(window.used(at(0)), 7);
    let bucket = window.add(at(0), 1);
    assert_eq!(window.bucket_at(at(100_000_000)), bucket);
    assert_eq!(window.used(at(160_000_000)), 8);
}

#[test]
fn sums_beyond_counting_stay_there() {
    let mut window = Window::new(Span::from_secs(60));
    window.add(at(0), u128::MAX);
    window.add(at(30_000_000), 5);
    assert_eq!(window.used(at(30_000_000)), u128::MAX);
    assert_eq!(window.used(at(61_000_000)), 5);
    window.add(at(61_000_000), 1);
    assert_eq!(window.used(at(61_000_000)), 6);
}

#[test]
fn only_what_was_counted_comes_back() {
    let mut window = Window::new(Span::from_secs(60));
    let bucket = window.add(at(0), 5);
    window.give_back(bucket, 9);
    assert_eq!(window.used(at(0)), 0);
    window.add(at(0), 3);
    window.give_back(bucket + 1, 3);
    assert_eq!(window.used(at(0)), 3);
}

#[test]
fn what_frees_next_is_the_oldest_that_counts() {
    let mut window = Window::new(Span::from_micros(HOUR));
    assert_eq!(window.frees_at(at(0)), None);
    window.add(at(0), 5);
    window.add(at(HOUR.cast_signed() / 2), 5);
    let first = window.frees_at(at(HOUR.cast_signed() / 2)).unwrap();
    assert_eq!(window.used(first), 5);
    assert!(first.micros() > HOUR.cast_signed());
    let just_before = at(first.micros() - 1);
    assert_eq!(window.used(just_before), 10);
    let second = window.frees_at(first).unwrap();
    assert_eq!(window.used(second), 0);
}

#[test]
fn what_is_held_counts_at_every_instant_and_heals_by_no_time() {
    let (start, hour) = (Timestamp::from_micros(0), Span::from_secs(3_600));
    let mut window = Window::new(hour);
    window.add(start, 10);
    window.set_held(5);
    assert_eq!((window.used(start), window.held()), (15, 5));
    let later = Timestamp::from_micros(7_200_000_000);
    assert_eq!(window.used(later), 5);
    // Room for 6 more under 15 comes with what was spent, for 11 never.
    assert!(
        window
            .retry_after(start, 6, 15)
            .is_some_and(|at| at > start)
    );
    assert_eq!(window.retry_after(start, 11, 15), None);
    window.add(later, 1);
    assert_eq!(window.used(later), 6);
    window.set_held(0);
    assert_eq!(window.used(later), 1);
    let mut only_held = Window::new(hour);
    only_held.set_held(5);
    assert_eq!(only_held.frees_at(start), None);
}
