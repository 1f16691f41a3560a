//! What a decision costs: a typical swap under ten rules and ten limits, and a full-size message
//! from its bytes on. The goal for that is 20 microseconds.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark says what went wrong by panicking"
)]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;

use base64::Engine as _;
use countersign_decode::solana::{Context, decode_message};
use countersign_intent::{Address, Intent, Span, Timestamp, intent_digest};
use countersign_policy::usage::Window;
use countersign_policy::{Decision, Facts, LimitKey, PolicySet, case, decide, limit_keys, parse};
use criterion::{Criterion, criterion_group, criterion_main};

const SWAP: &str = r#"
name = "a typical swap"
[addresses]
account = "8qbHbw2BbbTHBW1sbeqakYXVKRQM8Ne7pLK7m6CVfeR"
tip = "96gYZGLnJYVFmbjzopPSU6QiEV5fGqZNyN9nmNhvrZU5"
[intent]
effects = [
    { fee = "0.0005 SOL" },
    { open = "account", owner = "wallet", asset = "USDC" },
    { rent = "0.00203928 SOL", account = "account" },
    { wrap = "1 SOL", account = "account" },
    { swap = "1 SOL", for = "140 USDC", program = "jupiter-v6", quoted = "141 USDC", slippage_bps = 50 },
    { close = "account", destination = "wallet" },
    { tip = "0.0001 SOL", to = "tip" },
]
[expect]
decision = "allow"
"#;

/// Ten rules and ten limits, half of which are about trades.
fn policy() -> PolicySet {
    let mut text = String::from("schema = 1\nname = \"bench\"\n[destinations.cold]\nsolana = [");
    for byte in 1..=100 {
        write!(text, "\"{}\", ", Address::new([byte; 32])).unwrap();
    }
    text += "]\n[assets.SOL]\nreference_price_usd = { source = \"operator\", max_age = \"24h\" }\n";
    for n in 0..5 {
        write!(
            text,
            "[[rules]]\nname = \"trades-{n}\"\nthen = \"allow\"\n\
             when = {{ action = \"trade\", venue = \"solana\", max_slippage_bps = 300, \
             program = [\"raydium-clmm\", \"jupiter-v6\"], max_priority_fee = \"0.01 SOL\" }}\n\
             [[rules]]\nname = \"out-{n}\"\nthen = \"allow\"\n\
             when = {{ action = \"withdrawal\", destination = \"cold\", max_amount = \"{n}\" }}\n\
             [[limits]]\nname = \"trades-{n}\"\nper = \"wallet\"\nwindow = \"{n}1m\"\n\
             max_amount = \"1000\"\nwhen = {{ action = \"trade\", asset = \"SOL\" }}\n\
             [[limits]]\nname = \"count-{n}\"\nper = \"bot\"\nwindow = \"{n}1h\"\n\
             max_count = 1000\nwhen = {{ action = [\"trade\", \"withdrawal\"] }}\n"
        )
        .unwrap();
    }
    parse(&text).unwrap()
}

/// Windows as a busy wallet has them: every bucket in use.
fn busy(set: &PolicySet, intent: &Intent, facts: &Facts<'_>) -> HashMap<LimitKey, Window> {
    let keys = limit_keys(set, intent, facts.principal, &facts.wallet);
    let windows = keys.into_iter().map(|key| {
        let mut window = Window::new(key.window());
        for step in (0..128).rev() {
            let ago = Span::from_micros(key.window().micros() / 128 * step);
            window.add(facts.now.saturating_sub(ago), 1);
        }
        (key, window)
    });
    windows.collect()
}

fn decisions(c: &mut Criterion) {
    let set = policy();
    let case = case::parse(SWAP, &["jupiter-v6"]).unwrap();
    case.with_facts(&set, |intent, facts| {
        let usage = busy(&set, intent, facts);
        let facts = Facts {
            usage: &usage,
            now: Timestamp::from_micros(facts.now.micros() + 1),
            ..*facts
        };
        assert!(matches!(decide(&set, intent, &facts), Decision::Allow(_)));
        c.bench_function("decide/swap, 10 rules, 10 limits", |b| {
            b.iter(|| decide(black_box(&set), black_box(intent), black_box(&facts)));
        });
        c.bench_function("limit_keys/swap, 10 limits", |b| {
            b.iter(|| limit_keys(black_box(&set), intent, facts.principal, &facts.wallet));
        });
        c.bench_function("intent digest alone", |b| {
            b.iter(|| intent_digest(black_box(intent)));
        });
    })
    .unwrap();
    c.bench_function("parse/10 rules, 10 limits, 100 addresses", |b| {
        b.iter(|| parse(black_box(set.text())));
    });
}

/// From the bytes of a swap with 30 instructions in 1,232 bytes to the decision about it.
fn from_bytes(c: &mut Criterion) {
    let text = include_str!("../decode/vectors/bench/large-swap.b64");
    let message = base64::engine::general_purpose::STANDARD.decode(text.trim());
    let message = message.unwrap();
    let context = Context::new(Address::new([0x11; 32]));
    let set = policy();
    let case = case::parse(SWAP, &["jupiter-v6"]).unwrap();
    case.with_facts(&set, |_, facts| {
        let intent = decode_message(&message, &context).unwrap().intent;
        let usage = busy(&set, &intent, facts);
        let facts = Facts {
            usage: &usage,
            now: Timestamp::from_micros(facts.now.micros() + 1),
            ..*facts
        };
        let decision = decide(&set, &intent, &facts);
        assert!(matches!(decision, Decision::Allow(_)), "{decision:?}");
        c.bench_function("decode and decide/swap of 30 instructions", |b| {
            b.iter(|| {
                let decoded = decode_message(black_box(&message), black_box(&context));
                decide(black_box(&set), &decoded.unwrap().intent, black_box(&facts))
            });
        });
    })
    .unwrap();
}

criterion_group!(benches, decisions, from_bytes);
criterion_main!(benches);
