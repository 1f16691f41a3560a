//! Durable nonces: one signature over each, and what it reserved is held until it cannot land.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

mod desk;

use std::sync::Arc;

use countersign_store::Store;
use countersign_store::ledger::{Judged, Ledger, LedgerError, Observed, Outcome};
use countersign_store::memory::{Fault, MemoryStore, Point};
use countersign_store::sqlite::SqliteStore;
use desk::{Desk, hand_in, not_sent, recorded, signed, verified};

const LIMIT: u64 = 100;
const WINDOW: i64 = 1_000_000;

async fn start<S: Store>(desk: &Desk, store: &Arc<S>) -> Ledger {
    desk.start(store).await.unwrap()
}

/// Has so many lamports signed over a nonce.
async fn sign_over(desk: &Desk, ledger: &Ledger, key: &str, lamports: u64, nonce: (u8, u64)) {
    let case = desk.case_over(key, lamports, nonce.0, nonce.1);
    let recorded = recorded(ledger.judge(case).await.unwrap());
    hand_in(desk, ledger, recorded, signed()).await;
    ledger.flush().await.unwrap();
}

async fn fits(desk: &Desk, ledger: &Ledger, key: &str, lamports: u64) -> bool {
    let case = desk.case(key, lamports);
    match ledger.judge(case).await.unwrap() {
        Judged::Recorded(recorded) => {
            hand_in(desk, ledger, recorded, not_sent()).await;
            ledger.flush().await.unwrap();
            true
        }
        Judged::Denied { .. } => false,
        other => panic!("{other:?}"),
    }
}

async fn is_denied(ledger: &Ledger, case: countersign_store::ledger::Case) -> bool {
    matches!(ledger.judge(case).await.unwrap(), Judged::Denied { .. })
}

#[tokio::test]
async fn what_is_held_counts_until_the_nonce_advanced_and_one_window_more() {
    let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
    let ledger = start(&desk, &store).await;
    desk.observe(&ledger, (1, 1, 10)).await.unwrap();
    sign_over(&desk, &ledger, "n", 60, (1, 1)).await;
    assert!(!fits(&desk, &ledger, "a", 50).await);
    desk.advance(10 * WINDOW);
    assert!(!fits(&desk, &ledger, "b", 50).await);
    assert!(fits(&desk, &ledger, "c", 40).await);
    drop(ledger);

    // Not in memory any more, and the window is another one.
    let ledger = start(&desk, &store).await;
    assert!(!fits(&desk, &ledger, "d", 50).await);
    assert_eq!(
        desk.observe(&ledger, (1, 1, 20)).await.unwrap(),
        Observed::Known
    );
    assert!(!fits(&desk, &ledger, "e", 50).await);
    let advanced = desk.observe(&ledger, (1, 2, 30)).await.unwrap();
    assert!(
        matches!(advanced, Observed::Advanced { ended: Some(_) }),
        "{advanced:?}"
    );
    // It may have landed just now.
    assert!(!fits(&desk, &ledger, "f", 50).await);
    desk.advance(WINDOW / 2);
    assert!(!fits(&desk, &ledger, "g", 50).await);
    desk.advance(WINDOW / 2 + WINDOW / 64);
    assert!(fits(&desk, &ledger, "h", 100).await);
    verified(&*store).await;
}

#[tokio::test]
async fn a_nonce_is_signed_over_once_and_only_if_it_is_current() {
    let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
    let ledger = start(&desk, &store).await;
    let over = |key: &str, lamports, value| desk.case_over(key, lamports, 1, value);
    assert!(is_denied(&ledger, over("unknown", 1, 1)).await);
    desk.observe(&ledger, (1, 1, 10)).await.unwrap();
    assert!(is_denied(&ledger, over("not current", 1, 2)).await);
    let first = recorded(ledger.judge(over("a", 1, 1)).await.unwrap());
    assert!(is_denied(&ledger, over("other", 2, 1)).await);
    assert!(is_denied(&ledger, over("same bytes, other key", 1, 1)).await);
    // The same key with the same bytes: the same signature, before and after a restart.
    let again = recorded(ledger.judge(over("a", 1, 1)).await.unwrap());
    assert_eq!(again.request_id(), first.request_id());
    drop((first, again, ledger));
    let ledger = start(&desk, &store).await;
    assert!(is_denied(&ledger, over("after", 2, 1)).await);
    let again = recorded(ledger.judge(over("a", 1, 1)).await.unwrap());
    hand_in(&desk, &ledger, again, signed()).await;
    desk.observe(&ledger, (1, 2, 11)).await.unwrap();
    assert!(is_denied(&ledger, over("too late", 3, 1)).await);
    assert!(matches!(
        ledger.judge(over("a", 1, 1)).await.unwrap(),
        Judged::Replayed(_)
    ));
    recorded(ledger.judge(over("next", 3, 2)).await.unwrap());
}

#[tokio::test]
async fn what_certainly_was_not_signed_is_given_back_with_its_nonce() {
    for outcome in [not_sent(), Outcome::Refused("no".to_owned())] {
        let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
        let ledger = start(&desk, &store).await;
        desk.observe(&ledger, (1, 1, 10)).await.unwrap();
        let first = ledger.judge(desk.case_over("a", 60, 1, 1)).await.unwrap();
        hand_in(&desk, &ledger, recorded(first), outcome).await;
        ledger.flush().await.unwrap();
        assert!(fits(&desk, &ledger, "b", 100).await);
        // Judged again under the same key, it holds again.
        recorded(ledger.judge(desk.case_over("a", 60, 1, 1)).await.unwrap());
        assert!(!fits(&desk, &ledger, "c", 50).await);
    }
    // Nobody knows whether this one was signed.
    let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
    let ledger = start(&desk, &store).await;
    desk.observe(&ledger, (1, 1, 10)).await.unwrap();
    let first = ledger.judge(desk.case_over("a", 60, 1, 1)).await.unwrap();
    let unknown = Outcome::Unknown("timeout".to_owned());
    hand_in(&desk, &ledger, recorded(first), unknown).await;
    ledger.flush().await.unwrap();
    assert!(is_denied(&ledger, desk.case_over("b", 1, 1, 1)).await);
    assert!(!fits(&desk, &ledger, "c", 50).await);
}

#[tokio::test]
async fn an_observation_that_is_late_ends_nothing() {
    let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
    let ledger = start(&desk, &store).await;
    desk.observe(&ledger, (1, 1, 10)).await.unwrap();
    desk.observe(&ledger, (1, 2, 20)).await.unwrap();
    sign_over(&desk, &ledger, "n", 60, (1, 2)).await;
    for (value, slot) in [(1, 10), (1, 19), (3, 20)] {
        let late = desk.observe(&ledger, (1, value, slot)).await.unwrap();
        assert!(matches!(late, Observed::Stale { slot: 20, .. }), "{late:?}");
    }
    // Seen again later, the value is that of the later slot.
    desk.observe(&ledger, (1, 2, 30)).await.unwrap();
    let late = desk.observe(&ledger, (1, 3, 25)).await.unwrap();
    assert!(matches!(late, Observed::Stale { slot: 30, .. }), "{late:?}");
    desk.advance(2 * WINDOW);
    assert!(!fits(&desk, &ledger, "a", 50).await);
}

#[tokio::test]
async fn a_commit_that_fails_leaves_a_nonce_free_or_held_as_the_database_has_it() {
    for fault in Fault::ALL {
        let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
        let ledger = start(&desk, &store).await;
        desk.observe(&ledger, (1, 1, 10)).await.unwrap();
        store.fail(Point::Commit, 1, fault);
        let failed = ledger.judge(desk.case_over("a", 60, 1, 1)).await;
        assert!(matches!(failed, Err(LedgerError::Store(_))), "{failed:?}");
        let done = store.nonces().await.unwrap()[0].holder.is_some();
        assert_eq!(done, fault == Fault::UnknownDone);
        assert_eq!(is_denied(&ledger, desk.case_over("b", 1, 1, 1)).await, done);

        let value = if done { 1 } else { 2 };
        if !done {
            desk.observe(&ledger, (1, 2, 20)).await.unwrap();
            sign_over(&desk, &ledger, "c", 60, (1, 2)).await;
        }
        store.fail(Point::Commit, 1, fault);
        assert!(desk.observe(&ledger, (1, 3, 30)).await.is_err());
        let ended = store.nonces().await.unwrap()[0].holder.is_none();
        assert_eq!(ended, fault == Fault::UnknownDone, "{value}");
        desk.advance(2 * WINDOW);
        assert_eq!(fits(&desk, &ledger, "d", 50).await, ended);
        // Told again, it ends once.
        desk.observe(&ledger, (1, 3, 30)).await.unwrap();
        desk.advance(2 * WINDOW);
        assert!(fits(&desk, &ledger, "e", 100).await);
    }
}

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): the same seed, the same test.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// One that was signed, or may have been: from when on it can land, and until when.
struct Exposed {
    from: i64,
    until: Option<i64>,
    amount: u64,
    nonce: Option<(u8, u64)>,
}

/// A chain with three nonce accounts, and everything that was signed.
struct World {
    values: [u64; 3],
    /// The slot since when each account holds its value.
    since: [u64; 3],
    slot: u64,
    exposed: Vec<Exposed>,
}

impl World {
    fn advance_nonce(&mut self, account: u8, now: i64) {
        self.slot += 1;
        let value = &mut self.values[usize::from(account)];
        let used = (account, *value);
        *value += 1;
        self.since[usize::from(account)] = self.slot;
        let mut live = self.exposed.iter_mut();
        if let Some(one) = live.find(|one| one.nonce == Some(used)) {
            one.until = Some(now);
        }
    }

    /// The oracle: every window that ends when something was signed or landed, or now; all that
    /// could land within it, added up one by one.
    fn assert_no_window_overspent(&self, now: i64, context: &str) {
        let ends = self
            .exposed
            .iter()
            .flat_map(|one| [one.from, one.until.unwrap_or(now)]);
        for end in ends.chain([now]) {
            let within = |one: &&Exposed| {
                one.from <= end && one.until.is_none_or(|until| until > end - WINDOW)
            };
            let sum: u64 = self
                .exposed
                .iter()
                .filter(within)
                .map(|one| one.amount)
                .sum();
            assert!(
                sum <= LIMIT,
                "{context}: {sum} can land in the window that ends at {end}"
            );
        }
        let mut used: Vec<_> = self.exposed.iter().filter_map(|one| one.nonce).collect();
        let all = used.len();
        used.sort_unstable();
        used.dedup();
        assert_eq!(used.len(), all, "{context}: two signatures over one nonce");
    }
}

/// One step at random: a request, an observation, a chain that moves on, time that passes.
async fn step(desk: &Desk, ledger: &Ledger, random: &mut Random, world: &mut World, key: u64) {
    desk.advance(i64::try_from(random.below(150_000)).unwrap());
    let account = u8::try_from(random.below(3)).unwrap();
    match random.below(10) {
        0 => world.advance_nonce(account, desk.now()),
        1 | 2 => {
            // Sometimes of a node that lags behind.
            let value = world.values[usize::from(account)];
            let (value, slot) = match random.below(4) {
                0 if value > 0 => (value - 1, world.since[usize::from(account)] - 1),
                _ => (value, world.slot),
            };
            let _ = desk.observe(ledger, (account, value, slot)).await;
        }
        kind => {
            let over = (kind > 5).then(|| (account, world.values[usize::from(account)]));
            let amount = 1 + random.below(45);
            let name = format!("k{key}");
            let case = match over {
                Some((account, value)) => desk.case_over(&name, amount, account, value),
                None => desk.case(&name, amount),
            };
            let Ok(Judged::Recorded(recorded)) = ledger.judge(case).await else {
                return;
            };
            let from = recorded.at().micros();
            let may_land = match random.below(6) {
                0 => {
                    hand_in(desk, ledger, recorded, not_sent()).await;
                    false
                }
                1 => true,
                2 => {
                    let unknown = Outcome::Unknown("timeout".to_owned());
                    hand_in(desk, ledger, recorded, unknown).await;
                    true
                }
                _ => {
                    hand_in(desk, ledger, recorded, signed()).await;
                    true
                }
            };
            if may_land {
                world.exposed.push(Exposed {
                    from,
                    until: over.is_none().then_some(from),
                    amount,
                    nonce: over,
                });
            }
        }
    }
}

async fn run<S: Store>(
    desk: &Desk,
    store: &Arc<S>,
    random: &mut Random,
    faults: impl Fn(&mut Random),
) -> usize {
    let mut world = World {
        values: [0; 3],
        since: [1; 3],
        slot: 1,
        exposed: Vec::new(),
    };
    for round in 0..6 {
        faults(random);
        // A restart, or a start that fails by a planned fault.
        let Ok(ledger) = desk.start(store).await else {
            continue;
        };
        for at in 0..40 {
            step(desk, &ledger, random, &mut world, round * 1_000 + at).await;
            world.assert_no_window_overspent(desk.now(), &format!("round {round}, step {at}"));
        }
        let _ = ledger.shutdown().await;
    }
    world
        .exposed
        .iter()
        .filter(|one| one.nonce.is_some())
        .count()
}

#[tokio::test]
async fn inv06_no_window_is_overspent_by_what_can_land_late() {
    let mut over_nonces = 0;
    for seed in 0..60 {
        let mut random = Random(seed);
        let (desk, store) = (Desk::new("1s", LIMIT), Arc::new(MemoryStore::new()));
        let faulty = Arc::clone(&store);
        let faults = |random: &mut Random| {
            for _ in 0..random.below(4) {
                let fault = Fault::ALL[usize::try_from(random.below(3)).unwrap()];
                let point = Point::ALL[usize::try_from(random.below(8)).unwrap()];
                faulty.fail(point, 1 + u32::try_from(random.below(20)).unwrap(), fault);
            }
        };
        over_nonces += run(&desk, &store, &mut random, faults).await;
        store.clear_faults();
        verified(&*store).await;
    }
    assert!(
        over_nonces > 300,
        "only {over_nonces} signed over nonces in all"
    );
}

#[tokio::test]
async fn inv06_no_window_is_overspent_by_what_can_land_late_on_sqlite() {
    let mut random = Random(7);
    let desk = Desk::new("1s", LIMIT);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    SqliteStore::create(&path).await.unwrap();
    let store = Arc::new(SqliteStore::open(&path).await.unwrap());
    let over_nonces = run(&desk, &store, &mut random, |_| {}).await;
    assert!(over_nonces > 5, "only {over_nonces} signed over nonces");
    verified(&*store).await;
}
