//! A second, naive reading: a table of swap layouts and a sum of what leaves the wallet, written
//! without the decoder's code.

use std::collections::BTreeMap;

use countersign_intent::{Address, Asset, Effect};
use serde_json::Value;
use solana_message::VersionedMessage;

use super::records;
use crate::DecodeErrorKind;
use crate::solana::context::Context;
use crate::solana::decode_message;
use crate::solana::draft::{Use, WALLET, ata, effects_in, pays, pool, reads, step, writes};
use crate::solana::trade_check::{RECEIVED, SPENT};
use crate::solana::wire::split_transaction;

/// A row of the table as a trade of 1,000 `SPENT` for 2,000 `RECEIVED`, with `count` accounts.
pub(super) fn build(row: &Value, count: usize) -> Option<crate::solana::draft::Step> {
    let program: Address = row["program_id"].as_str()?.parse().ok()?;
    let mut accounts: Vec<Use> = (0..count)
        .map(|n| writes(pool(u8::try_from(n).unwrap())))
        .collect();
    let mut put = |slot: i64, account: Use| {
        let slot = if slot < 0 {
            i64::try_from(count).unwrap() + slot
        } else {
            slot
        };
        let slot = usize::try_from(slot).ok().filter(|slot| *slot < count)?;
        accounts[slot] = account;
        Some(())
    };
    for optional in ["host_fee_in?", "referral?"] {
        if let Some(slot) = row["extra"][optional].as_i64() {
            put(slot, reads(program))?;
        }
    }
    put(row["user"].as_i64()?, pays(WALLET))?;
    for (account, mint_slot, mint) in [
        ("src_acct", "src_mint", SPENT),
        ("dst_acct", "dst_mint", RECEIVED),
    ] {
        match &row[account] {
            Value::Null => {}
            slot => put(slot.as_i64()?, writes(ata(WALLET, mint)))?,
        }
        match &row[mint_slot] {
            Value::Null => {}
            Value::String(text) => {
                let first = if text.starts_with("one") { 0 } else { 1 };
                let slots: Vec<i64> = text
                    .split(|c: char| !c.is_ascii_digit())
                    .filter_map(|digits| digits.parse().ok())
                    .collect();
                put(*slots.get(first)?, reads(mint))?;
            }
            slot => put(slot.as_i64()?, reads(mint))?,
        }
    }
    let data = data(row)?;
    Some(step(program, accounts, data))
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn data(row: &Value) -> Option<Vec<u8>> {
    let disc = row["disc"].as_str()?;
    let mut data = unhex(disc);
    let start = data.len();
    let length = usize::try_from(row["arg_lens"][0].as_u64()?).ok()?;
    data.resize(start + length, 0);
    let mode = row["mode"].as_str()?;
    let (amount, limit) = if mode == "exact_out" {
        (2_000_u64, 1_000_u64)
    } else {
        (1_000, 2_000)
    };
    if let Some(flag) = mode.strip_prefix("flag@") {
        let at: usize = flag.split('(').next()?.parse().ok()?;
        data[start + at] = 1;
    }
    for (offset, number) in [("amount_off", amount), ("limit_off", limit)] {
        let at = start + usize::try_from(row[offset].as_u64()?).ok()?;
        data[at..at + 8].copy_from_slice(&number.to_le_bytes());
    }
    Some(data)
}

#[test]
fn the_table_of_layouts_reads_the_same() {
    let rows: Vec<Value> =
        serde_json::from_str(include_str!("../../../vectors/swap-layouts.json")).unwrap();
    let mints = [SPENT, RECEIVED];
    let context = Context {
        mints: &mints,
        ..Context::new(WALLET)
    };
    let mut compared = 0;
    for row in rows.iter().filter(|row| row["verdict"] == "trade") {
        let program = row["program"].as_str().unwrap();
        if program.starts_with("okx") {
            continue;
        }
        let name = format!("{program} {}", row["name"]);
        let mut read = Vec::new();
        for count in 4..40 {
            let Some(step) = build(row, count) else {
                continue;
            };
            if let Ok(effects) = effects_in(&[step], &context) {
                read.extend(effects.into_iter().filter_map(|effect| match effect {
                    Effect::Swap(swap) => Some(swap),
                    _ => None,
                }));
            }
        }
        if row["arg_lens"][0].is_u64() && row["src_acct"].as_str().is_none() {
            assert!(
                !read.is_empty(),
                "{name} is not understood with any number of accounts"
            );
            compared += 1;
        }
        for swap in read {
            let side = |account: &str, mint| match row[account] {
                Value::Null => Asset::Sol,
                _ => Asset::Token(mint),
            };
            assert_eq!(swap.spend, side("src_acct", SPENT), "{name}");
            assert_eq!(swap.receive, side("dst_acct", RECEIVED), "{name}");
            assert_eq!(swap.spend_max.base(), 1_000, "{name}");
            assert_eq!(swap.receive_min.base(), 2_000, "{name}");
        }
    }
    assert!(compared >= 37, "{compared} rows compared");
}

#[test]
fn what_the_table_refuses_is_refused() {
    let rows: Vec<Value> =
        serde_json::from_str(include_str!("../../../vectors/swap-layouts.json")).unwrap();
    for row in &rows {
        let verdict = row["verdict"].as_str().unwrap();
        if verdict == "trade" || verdict.starts_with("only with") || row["program"] == "jupiterz" {
            continue;
        }
        let program = row["program_id"].as_str().unwrap().parse().unwrap();
        let data = unhex(row["disc"].as_str().unwrap());
        let kind = effects_in(
            &[step(program, vec![pays(WALLET)], data)],
            &Context::new(WALLET),
        )
        .unwrap_err()
        .kind();
        assert_eq!(kind, DecodeErrorKind::Forbidden, "{verdict}");
    }
}

/// Base units that leave by the plain transfers of a message: no swaps, no fees, no rent.
fn naive_transfers(message: &VersionedMessage, wallet: &[u8; 32]) -> BTreeMap<String, u128> {
    let keys = message.static_account_keys();
    let mut sums = BTreeMap::new();
    for instruction in message.instructions() {
        let key = |slot: usize| {
            let index = usize::from(*instruction.accounts.get(slot)?);
            keys.get(index).map(|key| key.to_bytes())
        };
        let number = |at: usize| {
            let bytes = instruction.data.get(at..at + 8)?;
            Some(u128::from(u64::from_le_bytes(bytes.try_into().ok()?)))
        };
        let program = keys[usize::from(instruction.program_id_index)].to_string();
        let mut add = |asset: String, units: Option<u128>| {
            *sums.entry(asset).or_insert(0) += units.unwrap_or_default();
        };
        if program == "11111111111111111111111111111111"
            && instruction.data.starts_with(&[2, 0, 0, 0])
            && key(0).as_ref() == Some(wallet)
        {
            add("SOL".to_owned(), number(4));
        }
        if program.starts_with("Token") {
            match instruction.data.first() {
                Some(12 | 15) => {
                    let mint = Address::new(key(1).unwrap());
                    add(Asset::of_mint(mint).to_string(), number(1));
                }
                Some(3) => add("unnamed".to_owned(), number(1)),
                Some(_) | None => {}
            }
        }
    }
    sums
}

#[test]
fn a_naive_sum_of_transfers_agrees() {
    let mut compared = 0;
    for (kind, bytes) in records(include_str!("../../../vectors/mainnet.jsonl")) {
        let (bytes, _) = split_transaction(&bytes).unwrap();
        let library: VersionedMessage = wincode::deserialize_exact(bytes).unwrap();
        let wallet = library.static_account_keys()[0].to_bytes();
        let Ok(decoded) = decode_message(bytes, &Context::new(Address::new(wallet))) else {
            continue;
        };
        let mut naive = naive_transfers(&library, &wallet);
        let mut ours: BTreeMap<String, u128> = BTreeMap::new();
        for effect in &decoded.intent.effects {
            let (asset, amount) = match effect {
                Effect::Transfer { asset, amount, .. } | Effect::Burn { asset, amount, .. } => {
                    (*asset, *amount)
                }
                Effect::Wrap { amount, .. } | Effect::Tip { amount, .. } => (Asset::Sol, *amount),
                _ => continue,
            };
            *ours.entry(asset.to_string()).or_insert(0) += amount.base();
        }
        if let Some(units) = naive.remove("unnamed") {
            assert_eq!(ours.into_values().sum::<u128>(), units, "{kind}");
        } else {
            assert_eq!(ours, naive, "{kind}");
        }
        compared += 1;
    }
    assert!(compared >= 15, "{compared} transactions compared");
}

/// The most spent and the least received by the trades of a message, by the table alone; `None`
/// where the table does not say which number is which.
fn naive_trades(message: &VersionedMessage, rows: &[Value]) -> Option<Vec<(u128, u128)>> {
    let keys = message.static_account_keys();
    let mut trades = Vec::new();
    for instruction in message.instructions() {
        let program = keys[usize::from(instruction.program_id_index)].to_string();
        let row = rows.iter().find(|row| {
            row["program_id"] == program.as_str()
                && instruction
                    .data
                    .starts_with(&unhex(row["disc"].as_str().unwrap()))
        });
        let Some(row) = row else { continue };
        let start = row["disc"].as_str()?.len() / 2;
        let number = |name: &str| {
            let at = start + usize::try_from(row[name].as_u64()?).ok()?;
            let bytes = instruction.data.get(at..at + 8)?;
            Some(u128::from(u64::from_le_bytes(bytes.try_into().ok()?)))
        };
        let (amount, limit) = (number("amount_off")?, number("limit_off")?);
        match row["mode"].as_str()? {
            "exact_in" => trades.push((amount, limit)),
            "exact_out" => trades.push((limit, amount)),
            _ => return None,
        }
    }
    Some(trades)
}

#[test]
fn a_naive_reading_of_real_trades_agrees() {
    let rows: Vec<Value> =
        serde_json::from_str(include_str!("../../../vectors/swap-layouts.json")).unwrap();
    let real = records(include_str!("../../../vectors/mainnet.jsonl"))
        .into_iter()
        .map(|(_, bytes)| split_transaction(&bytes).unwrap().0.to_vec())
        .chain(super::mainnet::trades_without_creation());
    let mut compared = 0;
    for bytes in real {
        let Ok(library) = wincode::deserialize_exact::<VersionedMessage>(&bytes) else {
            continue;
        };
        let wallet = Address::new(library.static_account_keys()[0].to_bytes());
        let Ok(decoded) = decode_message(&bytes, &Context::new(wallet)) else {
            continue;
        };
        let Some(naive) = naive_trades(&library, &rows) else {
            continue;
        };
        let ours = decoded
            .intent
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Swap(swap) => Some((swap.spend_max.base(), swap.receive_min.base())),
                _ => None,
            });
        assert_eq!(ours.collect::<Vec<_>>(), naive);
        compared += naive.len();
    }
    assert!(compared >= 10, "{compared} trades compared");
}
