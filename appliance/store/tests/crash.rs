//! `kill -9` at random moments, on a real file: what was answered is there, the log verifies,
//! and no window is overspent.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure is the test's; the child reports on its standard output"
)]

mod desk;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use countersign_intent::{RequestId, Span};
use countersign_store::Store;
use countersign_store::ledger::{Judged, Ledger};
use countersign_store::sqlite::SqliteStore;
use desk::{Desk, hand_in, signed, verified};

const ROUNDS: u32 = 25;
const LIMIT: u64 = 100;
const WINDOW: i64 = 1_000_000;
const DATABASE: &str = "COUNTERSIGN_CRASH_TEST_DATABASE";
const CLOCK: &str = "COUNTERSIGN_CRASH_TEST_CLOCK";

fn desk(clock: i64) -> Desk {
    let mut desk = Desk::new("1s", LIMIT);
    desk.limits.clock_tolerance = Span::from_secs(3_600);
    desk.advance(clock);
    desk
}

/// What the child says it did, before anything could be done with it: request, time of the
/// reservation, amount, index of the log entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Claim {
    request: RequestId,
    at: i64,
    amount: u64,
    log_index: u64,
}

impl Claim {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("claim ")?.split(' ');
        let claim = Self {
            request: words.next()?.parse().ok()?,
            at: words.next()?.parse().ok()?,
            amount: words.next()?.parse().ok()?,
            log_index: words.next()?.parse().ok()?,
        };
        // A line that was cut off by the end of the child is not a claim.
        (words.next()? == "end").then_some(claim)
    }
}

async fn bot(desk: Desk, ledger: Ledger, name: u64) {
    for number in 0_u64.. {
        // Every third key is one that an earlier child may have used.
        let key = match number % 3 {
            0 => format!("{name}/{}", number / 3),
            _ => format!("{name}/{number}/{}", desk.now()),
        };
        let amount = 1 + (number / 3 * 7) % 20;
        desk.advance(5_000);
        let case = desk.case(&key, amount);
        let Ok(Judged::Recorded(recorded)) = ledger.judge(case).await else {
            continue;
        };
        let (request, at, index) = (recorded.request_id(), recorded.at(), recorded.log_index());
        let line = format!("claim {request} {} {amount} {index} end\n", at.micros());
        std::io::stdout().write_all(line.as_bytes()).unwrap();
        hand_in(&desk, &ledger, recorded, signed()).await;
    }
}

/// Works until it is killed.
fn child(path: &Path, clock: i64) {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(path).await.unwrap());
        let desk = desk(clock);
        let ledger = desk.start(&store).await.unwrap();
        let bots = (0..8).map(|name| tokio::spawn(bot(desk.clone(), ledger.clone(), name)));
        for bot in bots.collect::<Vec<_>>() {
            bot.await.unwrap();
        }
    });
}

/// Lets a child work for a while and kills it.
fn round(path: &Path, clock: i64, work: Duration) -> Vec<Claim> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill_9_loses_nothing", "--nocapture"])
        .env(DATABASE, path)
        .env(CLOCK, clock.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let (claims, first) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        for claim in output
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| Claim::parse(&line))
        {
            claims.send(claim).unwrap();
        }
    });
    // Not before it has begun; then at any moment.
    let mut all = vec![first.recv_timeout(Duration::from_secs(30)).unwrap()];
    std::thread::sleep(work);
    child.kill().unwrap();
    child.wait().unwrap();
    all.extend(first.iter());
    reader.join().unwrap();
    all
}

#[test]
fn kill_9_loses_nothing() {
    if let Some(path) = std::env::var_os(DATABASE) {
        let clock = std::env::var(CLOCK).unwrap().parse().unwrap();
        return child(Path::new(&path), clock);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("countersign.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        SqliteStore::create(&path)
            .await
            .unwrap()
            .close()
            .await
            .unwrap()
    });
    let (mut claims, mut clock) = (Vec::<Claim>::new(), 0);
    for number in 0..ROUNDS {
        let work = Duration::from_micros(u64::from(number * 2_711 % 40_000));
        claims.extend(round(&path, clock, work));
        clock = claims.iter().map(|claim| claim.at).max().unwrap() - desk::START;
        runtime.block_on(check(&path, &claims));
    }
    assert!(claims.len() > 100, "only {} requests in all", claims.len());
}

async fn check(path: &Path, claims: &[Claim]) {
    let store = SqliteStore::open(path).await.unwrap();
    let report = verified(&store).await;
    assert!(report.concerns.is_empty(), "{report:?}");
    for claim in claims {
        assert!(
            claim.log_index < report.entries,
            "{claim:?} of {}",
            report.entries
        );
        let stored = store.request(claim.request).await.unwrap().unwrap();
        assert_eq!(stored.request.log_index, claim.log_index);
        assert_eq!(stored.request.at.micros(), claim.at);
        let mut within = Vec::new();
        for other in claims {
            if other.at > claim.at - WINDOW && other.at <= claim.at {
                within.push((other.request, other.amount));
            }
        }
        // A request that was signed again is one request.
        within.sort();
        within.dedup();
        let sum: u64 = within.iter().map(|(_, amount)| amount).sum();
        assert!(
            sum <= LIMIT,
            "{sum} signed in the window that ends with {claim:?}"
        );
    }
    store.close().await.unwrap();
}
