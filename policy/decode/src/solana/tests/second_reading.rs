//! A second, naive reading: a table of swap layouts and a sum of what leaves the wallet, written
//! without the decoder's code.

use std::collections::BTreeMap;

use countersign_intent::solana::{Address, Asset, Detail as Effect, details};
use serde_json::Value;
use solana_message::VersionedMessage;

use super::layouts::{rows, unhex};
use super::{REAL, records};
use crate::solana::context::Context;
use crate::solana::decode_message;
use crate::solana::ids;
use crate::solana::wire::split_transaction;

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
        // A new token account that gets more than its rent holds the rest as wrapped SOL.
        let seed = number(36).and_then(|length| usize::try_from(length).ok());
        if program == "11111111111111111111111111111111"
            && instruction.data.starts_with(&[3, 0, 0, 0])
            && instruction.data.ends_with(ids::TOKEN.as_bytes())
            && let Some(wrapped) = number(44 + seed.unwrap()).unwrap().checked_sub(2_039_281)
        {
            add("SOL".to_owned(), Some(wrapped + 1));
        }
        // What another signer moves is theirs.
        let authority = match instruction.data.first() {
            Some(12) => key(3),
            _ => key(2),
        };
        if program.starts_with("Token") && authority.as_ref() == Some(wallet) {
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
    for (kind, bytes) in records(REAL) {
        let (bytes, _) = split_transaction(&bytes).unwrap();
        let library: VersionedMessage = wincode::deserialize_exact(bytes).unwrap();
        let wallet = library.static_account_keys()[0].to_bytes();
        let Ok(decoded) = decode_message(bytes, &Context::new(Address::new(wallet))) else {
            continue;
        };
        let mut naive = naive_transfers(&library, &wallet);
        let mut ours: BTreeMap<String, u128> = BTreeMap::new();
        for effect in details(&decoded.intent) {
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
    let rows = rows();
    let real = records(REAL)
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
        let ours = details(&decoded.intent).filter_map(|effect| match effect {
            Effect::Swap(swap) => Some((swap.spend_max.base(), swap.receive_min.base())),
            _ => None,
        });
        assert_eq!(ours.collect::<Vec<_>>(), naive);
        compared += naive.len();
    }
    assert!(compared >= 10, "{compared} trades compared");
}
