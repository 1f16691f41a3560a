//! What recording a request costs: wall time and CPU of all threads, per request judged and
//! settled, by how many share a commit, and by how many came before.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has to stop"
)]

#[path = "../tests/desk/mod.rs"]
mod desk;

use std::cell::OnceCell;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use countersign_intent::Timestamp;
use countersign_store::ledger::{Judged, Ledger};
use countersign_store::memory::MemoryStore;
use countersign_store::sqlite::SqliteStore;
use countersign_store::{
    Decided, EntryRow, IdempotencyKey, OutcomeKind, OutcomeRow, RequestRow, Store, Writes,
    request_id,
};
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput};
use desk::{Desk, hand_in, recorded, signed};
use tokio::runtime::Runtime;

/// CPU time of all threads of this process, in nanoseconds (`schedstat` of proc(5)).
struct CpuTime;

fn cpu_nanos() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let of_thread = |thread: std::fs::DirEntry| -> Option<u64> {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    threads.flatten().filter_map(of_thread).sum()
}

impl Measurement for CpuTime {
    type Intermediate = u64;
    type Value = Duration;

    fn start(&self) -> u64 {
        cpu_nanos()
    }

    fn end(&self, start: u64) -> Duration {
        Duration::from_nanos(cpu_nanos().saturating_sub(start))
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// How idempotency keys follow each other: as a counter, or as random ones do.
#[derive(Clone, Copy)]
enum Keys {
    Ordered,
    Random,
}

impl Keys {
    fn key(self, number: u64) -> String {
        match self {
            Self::Ordered => format!("{number:032x}"),
            Self::Random => {
                let golden = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
                format!("{:032x}", u128::from(number).wrapping_mul(golden))
            }
        }
    }
}

struct Bench {
    keys: Keys,
    runtime: Runtime,
    desk: Desk,
    ledger: Ledger,
    next: AtomicU64,
}

impl Bench {
    fn new<S: Store>(runtime: Runtime, store: S, keys: Keys) -> Self {
        let desk = Desk::new("24h", 999_999_999);
        let store = Arc::new(store);
        let ledger = runtime.block_on(desk.start(&store)).unwrap();
        Self {
            keys,
            runtime,
            desk,
            ledger,
            next: AtomicU64::new(1 << 40),
        }
    }

    fn key(&self) -> String {
        self.keys.key(self.next.fetch_add(1, Ordering::Relaxed))
    }

    /// `count` requests in one commit, and their outcomes.
    async fn batch(&self, count: usize) {
        self.desk.advance(1_000);
        let cases = (0..count).map(|_| self.desk.case(&self.key(), 1)).collect();
        for judged in self.ledger.judge_batch(cases).await.unwrap() {
            self.settle(judged.unwrap()).await;
        }
    }

    async fn settle(&self, judged: Judged) {
        hand_in(&self.desk, &self.ledger, recorded(judged), signed()).await;
    }

    /// `clients` tasks that ask one after the other, `count` requests in all.
    async fn clients(self: &Arc<Self>, clients: u64, count: u64) {
        let tasks = (0..clients).map(|_| {
            let bench = Arc::clone(self);
            tokio::spawn(async move {
                for _ in 0..count / clients {
                    let case = bench.desk.case(&bench.key(), 1);
                    let judged = bench.ledger.judge(case).await.unwrap();
                    bench.settle(judged).await;
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap()
}

fn sqlite(runtime: &Runtime, folder: &Path) -> SqliteStore {
    let path = folder.join("countersign.db");
    runtime.block_on(SqliteStore::create(&path)).unwrap()
}

fn batches<M: Measurement + 'static>(criterion: &mut Criterion<M>, name: &str, bench: &Bench) {
    let mut group = criterion.benchmark_group(name);
    for count in [1_usize, 16, 32] {
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("batch", count), |bencher| {
            bencher.iter(|| bench.runtime.block_on(black_box(bench.batch(count))));
        });
    }
    group.finish();
}

fn clients<M: Measurement + 'static>(criterion: &mut Criterion<M>, name: &str, bench: &Arc<Bench>) {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(1_600));
    group.bench_function("32 clients", |bencher| {
        bencher.iter(|| bench.runtime.block_on(bench.clients(32, 1_600)));
    });
    group.finish();
}

/// Writes `count` signed requests as the ledger would have.
async fn fill(store: &SqliteStore, count: u64, keys: Keys) {
    let mut frontier = countersign_audit::Frontier::default();
    for first in (1..=count).step_by(1_000) {
        let mut writes = Writes::default();
        for seq in first..first + 1_000 {
            let key = IdempotencyKey::new("bot/a", keys.key(seq));
            writes.requests.push(RequestRow {
                id: request_id(seq, [7; 8]),
                key,
                fingerprint: [1; 32],
                at: Timestamp::from_micros(desk::START),
                wallet: desk::wallet_id(1),
                decided: Decided::Allowed,
                digest: [3; 32],
                answer: vec![4; 60],
                log_index: seq * 2 - 2,
                mac: Vec::new(),
            });
            writes.outcomes.push(OutcomeRow {
                seq,
                kind: OutcomeKind::Signed,
                signature: Some(countersign_intent::Signature::Ed25519([9; 64])),
                note: None,
                log_index: seq * 2 - 1,
                mac: Vec::new(),
            });
            for _ in 0..2 {
                let entry = vec![b'x'; 250];
                let leaf_hash = countersign_audit::leaf_hash(&entry);
                let index = frontier.size();
                writes.nodes.extend(frontier.append(leaf_hash));
                writes.entries.push(EntryRow {
                    index,
                    entry,
                    leaf_hash,
                    tag: Vec::new(),
                });
            }
        }
        store.begin().await.unwrap().commit(writes).await.unwrap();
    }
}

fn history<M: Measurement + 'static>(criterion: &mut Criterion<M>, name: &str) {
    let (ordered, random) = ((Keys::Ordered, "ordered"), (Keys::Random, "random"));
    for (count, (keys, label)) in [
        (1_000, ordered),
        (1_000_000, ordered),
        (1_000, random),
        (1_000_000, random),
    ] {
        // Filled only if it is wanted: a million takes a while.
        let filled = OnceCell::new();
        let fill = || {
            let (runtime, folder) = (runtime(), tempfile::tempdir().unwrap());
            let store = sqlite(&runtime, folder.path());
            runtime.block_on(fill(&store, count, keys));
            (Bench::new(runtime, store, keys), folder)
        };
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(16));
        group.bench_function(
            BenchmarkId::new(format!("{label} keys after"), count),
            |bencher| {
                let (bench, _) = filled.get_or_init(fill);
                bencher.iter(|| bench.runtime.block_on(bench.batch(16)));
            },
        );
        group.finish();
    }
}

fn all<M: Measurement + 'static>(mut criterion: Criterion<M>, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let memory = Arc::new(Bench::new(runtime(), MemoryStore::new(), Keys::Ordered));
    batches(&mut criterion, &format!("{name}/memory"), &memory);
    clients(&mut criterion, &format!("{name}/memory"), &memory);
    let runtime = runtime();
    let store = sqlite(&runtime, folder.path());
    let sqlite = Arc::new(Bench::new(runtime, store, Keys::Ordered));
    batches(&mut criterion, &format!("{name}/sqlite"), &sqlite);
    clients(&mut criterion, &format!("{name}/sqlite"), &sqlite);
    history(&mut criterion, &format!("{name}/sqlite"));
    criterion.final_summary();
}

fn main() {
    let configured = || {
        Criterion::default()
            .sample_size(20)
            .warm_up_time(Duration::from_secs(1))
            .measurement_time(Duration::from_secs(4))
            .configure_from_args()
    };
    all(configured(), "wall");
    let cpu = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();
    all(cpu, "cpu");
}
