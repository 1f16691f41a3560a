//! The invariants of the architecture that the ledger carries, under random work, faults and
//! restarts, against naive oracles.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

mod desk;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign_intent::RequestId;
use countersign_store::ledger::{Judged, Ledger, LedgerError, Outcome, Recorded};
use countersign_store::memory::{Fault, MemoryStore, Point};
use countersign_store::sqlite::SqliteStore;
use countersign_store::{Decided, RequestFilter, Store, StoreError};
use desk::{Desk, To, hand_in, not_sent, recorded, signed, verified};

/// SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>): the same seed, the same test.
#[derive(Clone)]
struct Random(Arc<AtomicU64>);

impl Random {
    fn new(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

/// What was signed: when it was reserved, and how much.
type Signed = Arc<Mutex<HashMap<RequestId, (i64, u64)>>>;

const LIMIT: u64 = 100;
const WINDOW: i64 = 1_000_000;

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

#[tokio::test]
async fn inv01_nothing_is_signable_before_it_is_durable() {
    // Whatever fails in the commit, no evidence to sign with comes out of it.
    for fault in Fault::ALL {
        let (desk, store) = (Desk::new("24h", LIMIT), Arc::new(MemoryStore::new()));
        let ledger = desk.start(&store).await.unwrap();
        store.fail(Point::Commit, 1, fault);
        let cases = (0..3).map(|n| desk.case(&n.to_string(), 10)).collect();
        for judged in ledger.judge_batch(cases).await.unwrap() {
            assert!(matches!(judged, Err(LedgerError::Store(_))), "{judged:?}");
        }
    }
    // And what comes out is there to be read: the reservation, the request and the entry.
    let (desk, store) = (Desk::new("24h", LIMIT), Arc::new(MemoryStore::new()));
    let ledger = desk.start(&store).await.unwrap();
    let commits = store.reached(Point::Commit);
    let recorded = recorded(ledger.judge(desk.case("k", 10)).await.unwrap());
    assert_eq!(store.reached(Point::Commit), commits + 1);
    let stored = store.request(recorded.request_id()).await.unwrap().unwrap();
    assert_eq!(stored.request.decided, Decided::Allowed);
    assert_eq!(desk.used(&*store, 1).await, 10);
    assert!(store.progress().await.unwrap().entries > recorded.log_index());
}

/// One bot: asks, and has signed what it may, or not; sometimes repeats what it asked before.
async fn bot(desk: Desk, ledger: Ledger, random: Random, name: u64, signed_so_far: Signed) {
    let mut own = 0;
    for _ in 0..12 {
        let fresh = own == 0 || random.below(4) > 0;
        own += u64::from(fresh);
        let number = if fresh { own } else { 1 + random.below(own) };
        // The amount is a function of the key: a repetition asks for the same.
        let amount = 1 + (number * 7 + name * 13) % 30;
        desk.advance(i64::try_from(random.below(20_000)).unwrap());
        let case = desk.case(&format!("{name}/{number}"), amount);
        let judged = match ledger.judge(case).await {
            Ok(Judged::Recorded(recorded)) => recorded,
            Ok(_) | Err(LedgerError::Store(_)) => continue,
            Err(LedgerError::Closed | LedgerError::Busy) => return,
            Err(error) => panic!("{error}"),
        };
        sign(&desk, &ledger, &random, amount, judged, &signed_so_far).await;
    }
}

async fn sign(
    desk: &Desk,
    ledger: &Ledger,
    random: &Random,
    amount: u64,
    recorded: Recorded,
    signed_so_far: &Signed,
) {
    let remember = |recorded: &Recorded| {
        let at = recorded.at().micros();
        let mut all = signed_so_far.lock().unwrap();
        all.insert(recorded.request_id(), (at, amount));
    };
    match random.below(8) {
        0 | 1 => hand_in(desk, ledger, recorded, not_sent()).await,
        2 => hand_in(desk, ledger, recorded, Outcome::Refused("no".to_owned())).await,
        3 => {
            // Signed, but the appliance does not know.
            remember(&recorded);
            hand_in(
                desk,
                ledger,
                recorded,
                Outcome::Unknown("timeout".to_owned()),
            )
            .await;
        }
        4 => {
            // Signed, and the task ended before it could say so.
            remember(&recorded);
        }
        5 => drop(recorded),
        _ => {
            remember(&recorded);
            hand_in(desk, ledger, recorded, signed()).await;
        }
    }
}

/// The oracle: every window that ends with a reservation, added up one by one.
fn assert_no_window_overspent(signed_so_far: &Signed, context: &str) {
    let all: Vec<_> = signed_so_far.lock().unwrap().values().copied().collect();
    for (end, _) in &all {
        let within = |at: i64| at > end - WINDOW && at <= *end;
        let sum: u64 = all
            .iter()
            .filter(|(at, _)| within(*at))
            .map(|(_, amount)| amount)
            .sum();
        assert!(
            sum <= LIMIT,
            "{context}: {sum} signed in the window that ends at {end}"
        );
    }
}

/// Bots at work until the runtime is torn down under them, at a random moment.
fn epoch<S: Store>(desk: &Desk, store: &Arc<S>, random: &Random, first: u64, signed: &Signed) {
    let runtime = runtime();
    runtime.block_on(async {
        let ledger = match desk.start(store).await {
            Ok(ledger) => ledger,
            Err(LedgerError::Store(StoreError::Corrupt(cause))) => panic!("{cause}"),
            Err(_) => return,
        };
        let bots: Vec<_> = (first..first + 8)
            .map(|name| {
                let (desk, ledger) = (desk.clone(), ledger.clone());
                tokio::spawn(bot(desk, ledger, random.clone(), name, Arc::clone(signed)))
            })
            .collect();
        if random.below(3) > 0 {
            tokio::time::sleep(Duration::from_micros(random.below(3_000))).await;
            return;
        }
        for bot in bots {
            bot.await.unwrap();
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
}

#[test]
fn inv06_no_window_is_overspent() {
    let mut total = 0;
    for seed in 0..40 {
        let random = Random::new(seed);
        let desk = Desk::new("1s", LIMIT);
        let store = Arc::new(MemoryStore::new());
        let signed = Signed::default();
        for round in 0..6 {
            for _ in 0..random.below(4) {
                let fault = Fault::ALL[usize::try_from(random.below(3)).unwrap()];
                let point = Point::ALL[usize::try_from(random.below(8)).unwrap()];
                store.fail(point, 1 + u32::try_from(random.below(6)).unwrap(), fault);
            }
            // The same names in every other round: keys come back after a restart.
            epoch(&desk, &store, &random, (round / 2) * 8, &signed);
            assert_no_window_overspent(&signed, &format!("seed {seed}, round {round}"));
        }
        store.clear_faults();
        total += signed.lock().unwrap().len();
        runtime().block_on(verified(&*store));
    }
    assert!(total > 300, "only {total} signed in all");
}

#[test]
fn inv06_no_window_is_overspent_on_sqlite() {
    let mut total = 0;
    // Few are signed in a round while the machine has much else to do.
    for seed in (100..).take(12) {
        if seed >= 103 && total > 30 {
            break;
        }
        let random = Random::new(seed);
        let desk = Desk::new("1s", LIMIT);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.db");
        runtime().block_on(SqliteStore::create(&path)).unwrap();
        let signed = Signed::default();
        for round in 0..5 {
            let store = Arc::new(runtime().block_on(SqliteStore::open(&path)).unwrap());
            epoch(&desk, &store, &random, (round / 2) * 8, &signed);
            // The connection's own thread may still be at work for a task that is gone.
            runtime().block_on(store.close()).unwrap();
            assert_no_window_overspent(&signed, &format!("seed {seed}, round {round}"));
        }
        let runtime = runtime();
        let store = runtime.block_on(SqliteStore::open(&path)).unwrap();
        total += signed.lock().unwrap().len();
        runtime.block_on(verified(&store));
    }
    assert!(total > 30, "only {total} signed in all");
}

/// What one key was answered, over and over.
#[derive(Default)]
struct Answers {
    id: Option<RequestId>,
    denials: Vec<Vec<u8>>,
    signable: usize,
    conflicts: usize,
}

async fn repeat(desk: Desk, ledger: Ledger, key: u64, amount: u64, answers: Arc<Mutex<Answers>>) {
    // Keys divisible by five go to a stranger and are denied.
    let to = if key.is_multiple_of(5) {
        To::Stranger
    } else {
        To::Cold
    };
    let case = desk.case_to(&format!("key {key}"), amount, 1, to);
    let Ok(judged) = ledger.judge(case).await else {
        return;
    };
    let mut answers = answers.lock().unwrap();
    let (id, denial) = match judged {
        Judged::Recorded(recorded) => {
            answers.signable += 1;
            (recorded.request_id(), None)
        }
        Judged::Denied {
            request_id, answer, ..
        } => (request_id, Some(answer)),
        Judged::Replayed(stored) => (stored.request.id, Some(stored.request.answer)),
        Judged::Conflict { request_id } => {
            answers.conflicts += 1;
            (request_id, None)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(*answers.id.get_or_insert(id), id, "key {key}");
    answers.denials.extend(denial);
}

#[test]
fn inv07_one_key_one_effect() {
    for seed in 0..30 {
        let random = Random::new(seed);
        let desk = Desk::new("24h", 1_000_000);
        let store = Arc::new(MemoryStore::new());
        let all: Vec<Arc<Mutex<Answers>>> = (0..20).map(|_| Arc::default()).collect();
        for _ in 0..3 {
            for _ in 0..random.below(3) {
                let fault = Fault::ALL[usize::try_from(random.below(3)).unwrap()];
                store.fail(
                    Point::Commit,
                    1 + u32::try_from(random.below(6)).unwrap(),
                    fault,
                );
            }
            let runtime = runtime();
            runtime.block_on(async {
                let ledger = desk.start(&store).await.unwrap();
                let tasks: Vec<_> = (0..120)
                    .map(|_| {
                        let key = random.below(20);
                        let other = u64::from(random.below(6) == 0);
                        let answers = Arc::clone(&all[usize::try_from(key).unwrap()]);
                        let (desk, ledger) = (desk.clone(), ledger.clone());
                        tokio::spawn(repeat(desk, ledger, key, 1 + key + 500 * other, answers))
                    })
                    .collect();
                for task in tasks {
                    task.await.unwrap();
                }
            });
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
        store.clear_faults();
        runtime().block_on(check_one_effect(&desk, &store, &all));
    }
}

async fn check_one_effect(desk: &Desk, store: &Arc<MemoryStore>, all: &[Arc<Mutex<Answers>>]) {
    let requests = store
        .requests(&RequestFilter::default(), 10_000, 1_000)
        .await
        .unwrap();
    let mut used = 0;
    for (key, answers) in all.iter().enumerate() {
        let answers = answers.lock().unwrap();
        let name = format!("key {key}");
        let mut own = requests
            .iter()
            .filter(|stored| stored.request.key.key() == name);
        let stored = own.next();
        assert!(own.next().is_none(), "{name} is two requests");
        assert!(
            answers.denials.windows(2).all(|pair| pair[0] == pair[1]),
            "{name}"
        );
        let Some(stored) = stored else {
            assert_eq!(answers.id, None, "{name} was answered and is not there");
            continue;
        };
        assert!(answers.id.is_none_or(|id| id == stored.request.id));
        if stored.request.decided == Decided::Allowed {
            let bytes = stored.request.digest;
            let amounts = [1 + key, 501 + key].map(|amount| amount as u64);
            let amount = amounts
                .into_iter()
                .find(|amount| desk.case_to(&name, *amount, 1, To::Cold).digest == bytes);
            used += u128::from(amount.unwrap());
        } else {
            assert_eq!(answers.signable, 0, "{name}");
        }
    }
    assert_eq!(desk.used(&**store, 1).await, used);
    let allowed = requests
        .iter()
        .filter(|stored| stored.request.decided == Decided::Allowed);
    let reserved = verified(&**store).await.open_total;
    assert_eq!(reserved, allowed.count() as u64);
}
