//! Trades of every program, changed at random: whatever is still accepted spends from, and pays
//! into, nothing but the wallet's own accounts, as the table of layouts names their slots.

use countersign_intent::solana::{Address, Asset, Detail as Effect, details};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::Value;

use super::layouts::{MIDDLE, context, is_trade, outcome, rows, slot};
use crate::explain;
use crate::solana::decode_message;
use crate::solana::draft::{
    STRANGER, Step, Use, WALLET, ata, compile, pays, pool, reads, signs, writes,
};
use crate::solana::trade_check::{RECEIVED, SPENT};

/// A trade that is accepted as it stands, and the slots where the wallet and its accounts are.
#[derive(Debug, Clone)]
struct Trade {
    name: String,
    step: Step,
    wallet: usize,
    /// The accounts, where tokens move rather than SOL.
    sides: Vec<usize>,
}

fn trade(row: &Value) -> Trade {
    let (step, _) = outcome(row, &context()).unwrap();
    let slot = |name: &str| slot(&row[name], step.accounts.len());
    Trade {
        name: format!("{} {}", row["program"], row["name"]),
        wallet: slot("user").unwrap(),
        sides: ["src_acct", "dst_acct"]
            .into_iter()
            .filter_map(slot)
            .collect(),
        step,
    }
}

fn trades() -> Vec<Trade> {
    rows()
        .iter()
        .filter(|row| is_trade(row))
        .map(trade)
        .collect()
}

#[derive(Debug, Clone)]
enum Change {
    Data(Index, u8),
    Longer(Vec<u8>),
    Shorter(Index),
    Swapped(Index, Index),
    Replaced(Index, Use),
    Fewer(Index),
    More(Use),
}

fn account() -> impl Strategy<Value = Use> {
    prop::sample::select(vec![
        pays(WALLET),
        signs(STRANGER),
        writes(STRANGER),
        writes(ata(STRANGER, SPENT)),
        writes(ata(STRANGER, RECEIVED)),
        writes(ata(WALLET, SPENT)),
        writes(ata(WALLET, RECEIVED)),
        reads(SPENT),
        reads(RECEIVED),
        writes(pool(200)),
    ])
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<Index>(), 1..=u8::MAX).prop_map(|(at, bits)| Change::Data(at, bits)),
        prop::collection::vec(any::<u8>(), 1..9).prop_map(Change::Longer),
        any::<Index>().prop_map(Change::Shorter),
        (any::<Index>(), any::<Index>()).prop_map(|(one, other)| Change::Swapped(one, other)),
        (any::<Index>(), account()).prop_map(|(at, with)| Change::Replaced(at, with)),
        any::<Index>().prop_map(Change::Fewer),
        account().prop_map(Change::More),
    ]
}

fn apply(step: &mut Step, change: &Change) {
    let (accounts, data) = (&mut step.accounts, &mut step.data);
    match change {
        Change::Longer(more) => data.extend(more),
        Change::More(one) => accounts.push(*one),
        _ if data.is_empty() || accounts.is_empty() => {}
        Change::Data(at, bits) => {
            let at = at.index(data.len());
            data[at] ^= bits;
        }
        Change::Shorter(at) => data.truncate(at.index(data.len())),
        Change::Swapped(one, other) => {
            let count = accounts.len();
            accounts.swap(one.index(count), other.index(count));
        }
        Change::Replaced(at, with) => {
            let at = at.index(accounts.len());
            accounts[at] = *with;
        }
        Change::Fewer(at) => accounts.truncate(at.index(accounts.len())),
    }
}

fn check(trade: &Trade, step: &Step) -> Result<(), TestCaseError> {
    let message = compile(WALLET, std::slice::from_ref(step));
    let Ok(decoded) = decode_message(&message, &context()) else {
        return Ok(());
    };
    prop_assert_eq!(decoded.input.as_bytes(), &message[..]);
    prop_assert!(explain(&decoded.intent).iter().all(|line| line.is_ascii()));
    for effect in details(&decoded.intent) {
        let Effect::Swap(swap) = effect else { continue };
        let known = [SPENT, RECEIVED, MIDDLE].map(Asset::Token);
        let known = [&known[..], &[Asset::Sol]].concat();
        prop_assert!(known.contains(&swap.spend) && known.contains(&swap.receive));
        prop_assert!(swap.receive_min.base() > 0);
        prop_assert!(swap.spend_max.base() < u128::from(u64::MAX));
        // Another discriminator can be another trade, with other slots.
        let same = step.data.get(..8) == trade.step.data.get(..8)
            && step.accounts.len() == trade.step.accounts.len();
        if same {
            let key = |slot: usize| step.accounts[slot].key();
            prop_assert_eq!(key(trade.wallet), WALLET, "{}", trade.name);
            let own: [Address; 3] = [SPENT, RECEIVED, MIDDLE].map(|mint| ata(WALLET, mint));
            for side in &trade.sides {
                prop_assert!(own.contains(&key(*side)), "{} {side}", trade.name);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]
    #[test]
    fn a_changed_trade_moves_nothing_of_anybody_else(
        trade in prop::sample::select(trades()),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let mut step = trade.step.clone();
        changes.iter().for_each(|change| apply(&mut step, change));
        check(&trade, &step)?;
    }
}
