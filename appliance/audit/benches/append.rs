//! What the log costs per entry, and what proofs and an audit cost.
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::unwrap_used, reason = "a failing benchmark should stop")]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::hint::black_box;

use countersign_audit::verify::{Options, verify};
use countersign_audit::{
    Actor, Checkpoint, Detail, Entry, Frontier, Hash, HashReader, Kind, LogKey, Stamp, Tile,
    checkpoint, export, leaf_hash, proof,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::{Signer as _, SigningKey};

const DETAIL: &str = r#"{"venue":"solana","action":"trade","program":"jupiter-v6","in":"1.5 SOL","out":"210.33 USDC","fee":"0.000105 SOL","limits":["trades-per-bot","sol-out-per-wallet"]}"#;

fn entry(micros: i64, request: &str) -> Vec<u8> {
    let at = Stamp::from_unix_micros(1_795_000_000_000_000 + micros).unwrap();
    let detail = Detail::from_json(DETAIL).unwrap();
    Entry::new(
        at,
        Kind::SignReserved,
        Actor::Caller {
            spiffe_id: "spiffe://desk.example/bot/maker-1",
            certificate: "crt_3d0198b2f0c4d97c1e5a6b7c8d9e0f10",
        },
        detail,
    )
    .request(request)
    .subject("wal_0198b2f0c4d97c1e")
    .rule("dex-trades")
    .digest([0x5a; 32])
    .encode()
    .unwrap()
}

#[derive(Default)]
struct Memory {
    hashes: BTreeMap<(u8, u64), Hash>,
    frontier: Frontier,
}

impl Memory {
    fn of(size: u64) -> Self {
        let mut memory = Self::default();
        for index in 0..size {
            let leaf = leaf_hash(&index.to_be_bytes());
            for node in memory.frontier.append(leaf) {
                memory.hashes.insert((node.level, node.index), node.hash);
            }
            memory.hashes.insert((0, index), leaf);
        }
        memory
    }
}

impl HashReader for Memory {
    type Error = Infallible;

    fn read(&self, tile: Tile) -> Result<Vec<Hash>, Infallible> {
        let range = (tile.level, tile.range().start)..(tile.level, tile.range().end);
        Ok(self.hashes.range(range).map(|(_, hash)| *hash).collect())
    }
}

fn append(c: &mut Criterion) {
    let request = "req_0198b2f0c4d97c1e8a5b";
    let bytes = entry(0, request);
    let mut group = c.benchmark_group("append");
    group.bench_function("encode an entry", |b| {
        b.iter(|| entry(black_box(7), request))
    });
    group.bench_function("hash it and append", |b| {
        let mut frontier = Memory::of(100_000).frontier;
        b.iter(|| frontier.append(leaf_hash(black_box(&bytes))));
    });
    group.bench_function("encode, hash, append", |b| {
        let mut frontier = Memory::of(100_000).frontier;
        b.iter(|| frontier.append(leaf_hash(&entry(black_box(7), request))));
    });
    group.bench_function("parse", |b| {
        b.iter(|| Entry::parse(black_box(&bytes)).unwrap())
    });
    group.finish();
}

fn proofs(c: &mut Criterion) {
    let tree = Memory::of(1_000_000);
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = LogKey::new("desk.example/audit", key.verifying_key().as_bytes()).unwrap();
    let root = Frontier::load(&tree, 999_000).unwrap().root();
    let last = Checkpoint {
        origin: public.name().to_owned(),
        size: 999_000,
        root,
    };
    let mut group = c.benchmark_group("proof of 1,000,000 entries");
    group.bench_function("restart", |b| b.iter(|| Frontier::load(&tree, 1_000_000)));
    group.bench_function("inclusion", |b| {
        b.iter(|| proof::inclusion(&tree, 123_456, 1_000_000))
    });
    group.bench_function("checkpoint extends", |b| {
        b.iter(|| checkpoint::extends(&public, Some(&last), &tree.frontier, &tree).unwrap());
    });
    group.finish();
}

fn audit(c: &mut Criterion) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = LogKey::new("desk.example/audit", key.verifying_key().as_bytes()).unwrap();
    let (mut export, mut frontier) = (export::header_line(&public).unwrap(), Frontier::default());
    for index in 0..10_240_u32 {
        let bytes = entry(index.into(), &format!("req_{index}"));
        let leaf = leaf_hash(&bytes);
        export.extend(export::entry_line(index.into(), leaf, &bytes).unwrap());
        frontier.append(leaf);
        if frontier.size() % 256 == 0 {
            let next = checkpoint::extends(&public, None, &frontier, Memory::default()).unwrap();
            let sign = |text: &[u8]| Ok::<_, Infallible>(key.sign(text).to_bytes());
            export
                .extend(export::checkpoint_line(&next.sign(&public, sign).unwrap().note).unwrap());
        }
    }
    export.extend(export::end_line(10_240).unwrap());
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Elements(10_240));
    group.sample_size(10);
    group.bench_function("10,240 entries, 40 checkpoints", |b| {
        b.iter(|| verify(export.as_slice(), &public, &[], Options::default()).unwrap());
    });
    group.finish();
}

criterion_group!(benches, append, proofs, audit);
criterion_main!(benches);
