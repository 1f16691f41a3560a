//! Any change of the bytes changes what is read, or is refused.

use std::sync::LazyLock;

use countersign_intent::evm::Address;
use proptest::prelude::*;
use serde_json::Value;

use super::with;
use crate::evm::{Decoded, decode_transaction, decode_typed_data};

static VECTORS: LazyLock<Vec<(Address, Vec<u8>)>> = LazyLock::new(raw_vectors);

fn raw_vectors() -> Vec<(Address, Vec<u8>)> {
    let text = include_str!("../../../vectors/evm.jsonl");
    let lines = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let wallet = line["wallet"].as_str().unwrap().parse().unwrap();
        let raw = line["raw"].as_str()?.strip_prefix("0x").unwrap();
        Some((wallet, hex::decode(raw).unwrap()))
    });
    lines.flatten().collect()
}

fn read(wallet: Address, bytes: &[u8]) -> Option<Decoded> {
    let json = format!("\"0x{}\"", hex::encode(bytes));
    with(wallet, |context| decode_transaction(&json, context).ok())
}

#[test]
fn any_changed_byte_shows_or_is_refused() {
    let mut read_anyway = 0_usize;
    // Every kind of call in every kind of transaction, of one wallet.
    for (wallet, bytes) in VECTORS.iter().take(37) {
        let (wallet, bytes) = (*wallet, bytes.as_slice());
        let before = read(wallet, bytes).unwrap();
        for at in 0..bytes.len() {
            for change in [1, 0x80, 0xff] {
                let mut changed = bytes.to_vec();
                changed[at] ^= change;
                if let Some(after) = read(wallet, &changed) {
                    assert_ne!(after.intent, before.intent, "byte {at} ^ {change:#x}");
                    assert_eq!(after.input.as_bytes(), changed);
                    read_anyway += 1;
                }
            }
        }
        for end in 0..bytes.len() {
            assert!(read(wallet, &bytes[..end]).is_none());
        }
        for more in [0x00, 0x80, 0xc0] {
            let mut longer = bytes.to_vec();
            longer.push(more);
            assert!(read(wallet, &longer).is_none());
        }
    }
    assert!(read_anyway > 500, "{read_anyway}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..64), seed in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let (wallet, mut raw) = VECTORS[seed.index(VECTORS.len())].clone();
        let start = at.index(raw.len());
        let end = (start + bytes.len()).min(raw.len());
        raw.splice(start..end, bytes);
        if let Some(decoded) = read(wallet, &raw) {
            prop_assert_eq!(decoded.input.as_bytes(), raw);
        }
    }

    #[test]
    fn nothing_panics(text in ".{0,200}") {
        with(Address::ZERO, |context| {
            let _ = decode_transaction(&text, context);
            let _ = decode_typed_data(&text, context);
        });
    }
}
