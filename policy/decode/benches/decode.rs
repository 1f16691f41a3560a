//! What understanding a message costs. The goal is a full-size swap under 20 microseconds; what a
//! hostile message can cost at most stands beside it.

use std::hint::black_box;

use base64::Engine as _;
use countersign_decode::solana::{Context, decode_message};
use countersign_intent::Address;
use criterion::{Criterion, criterion_group, criterion_main};

fn decoded(text: &str) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD
        .decode(text.trim())
        .unwrap_or_default()
}

/// The wallet of every message here.
const WALLET: Address = Address::new([0x11; 32]);

fn bench(criterion: &mut Criterion) {
    let cases = [
        (
            "swap of 30 instructions in 1,232 bytes",
            include_str!("../vectors/bench/large-swap.b64"),
        ),
        (
            "swap without a named source mint",
            include_str!("../vectors/bench/unnamed-mint.b64"),
        ),
        ("transfer", include_str!("../vectors/bench/transfer.b64")),
        (
            "refused after a search for every mint",
            include_str!("../vectors/bench/hostile-search.b64"),
        ),
        (
            "refused for the work it asks for",
            include_str!("../vectors/bench/hostile-work.b64"),
        ),
    ];
    for (name, text) in cases {
        let message = decoded(text);
        let context = Context::new(WALLET);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| decode_message(black_box(&message), black_box(&context)));
        });
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
