//! Properties that must hold for real messages: what one operator alone may change, and what a bot
//! may split, gains nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

mod messages;
mod policies;

use std::cell::Cell;
use std::collections::BTreeMap;

use countersign_intent::{
    Account, Address, Asset, Detail, Effect, Intent, Principal, Role, Timestamp, UserId, WalletId,
    solana,
};
use countersign_policy::diff::{Change, compare};
use countersign_policy::usage::Window;
use countersign_policy::{
    Decision, Facts, LimitKey, PolicySet, Price, Scope, WalletFacts, decide, limit_keys,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use solana_message::VersionedMessage;

use messages::{Given, PAYEES};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// What an appliance with this policy answers, where each payee has got something before.
fn judged(set: &PolicySet, intent: &Intent) -> Decision {
    let principal = Principal::new(Role::Bot, "momentum").unwrap();
    let wallet = WalletFacts {
        id: WalletId::from_bytes([1; 16]),
        user: UserId::from_bytes([2; 16]),
        tier: None,
        limits: &[],
    };
    let mut usage: BTreeMap<LimitKey, Window> = BTreeMap::new();
    for key in limit_keys(set, intent, &principal, &wallet) {
        let mut window = Window::new(key.window());
        let payee = |to: &Account| {
            let mut payees = PAYEES.iter().map(|one| Address::new(one.to_bytes()).into());
            payees.any(|one: Account| one == *to)
        };
        if matches!(key.scope(), Scope::Destination(to) if payee(to)) {
            window.add(NOW, 1_000_000);
        }
        usage.insert(key, window);
    }
    let price = |asset, micro_usd| Price {
        asset,
        micro_usd,
        taken_at: NOW,
    };
    let facts = Facts {
        now: NOW,
        principal: &principal,
        wallet,
        usage: &usage,
        prices: &[
            price(Asset::SOL, 150_000_000),
            price(solana::Asset::USDC.into(), 1_000_000),
        ],
        added_destinations: &[],
        approvals: None,
    };
    decide(set, intent, &facts)
}

/// How strict the answer to a message is; what is not understood is refused.
fn strictness(set: &PolicySet, given: &Given) -> u8 {
    let named = set.destinations().iter();
    let owners: Vec<Address> = named.flat_map(|one| one.solana().to_vec()).collect();
    let Some(decoded) = given.decode(&owners) else {
        return 2;
    };
    match judged(set, &decoded.intent) {
        Decision::Allow(_) => 0,
        Decision::NeedApproval(_) => 1,
        Decision::Deny(_) => 2,
    }
}

#[test]
fn a_tightening_signs_no_message_more() {
    let all: Vec<Given> = messages::all()
        .into_iter()
        .filter(|given| given.decode(&[]).is_some())
        .collect();
    assert!(
        all.len() >= 60,
        "only {} messages are understood",
        all.len()
    );
    let config = Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    };
    let (held, looser) = (Cell::new(0_u32), Cell::new(0_u32));
    let told = TestRunner::new(config).run(&policies::pairs(), |(old, new)| {
        let (Some(old), Some(new)) = (old.policy(), new.policy()) else {
            return Ok(());
        };
        let mut worse = all
            .iter()
            .filter(|given| strictness(&new, given) < strictness(&old, given));
        let worse = worse.next();
        if compare(&old, &new) == Change::Tightening {
            let name = worse.map(|given| given.name.clone());
            prop_assert_eq!(name, None, "from\n{}\nto\n{}", old.text(), new.text());
            held.set(held.get() + 1);
        } else if worse.is_some() {
            looser.set(looser.get() + 1);
        }
        Ok(())
    });
    told.unwrap();
    let (held, looser) = (held.get(), looser.get());
    assert!(
        held > 60 && looser > 5,
        "{held} tightenings, {looser} loosenings"
    );
}

/// The message with some of its instructions.
fn part(message: &VersionedMessage, keep: std::ops::Range<usize>) -> VersionedMessage {
    let mut message = message.clone();
    let instructions = match &mut message {
        VersionedMessage::Legacy(message) => &mut message.instructions,
        VersionedMessage::V0(message) => &mut message.instructions,
        VersionedMessage::V1(message) => &mut message.instructions,
    };
    *instructions = instructions[keep].to_vec();
    message
}

/// What leaves, by asset. The network's fee, which each message pays, is left out.
fn leaves(intent: &Intent) -> BTreeMap<Asset, u128> {
    let mut sums = BTreeMap::new();
    let is_fee = |effect: &&Effect| match effect.detail() {
        Detail::Solana(detail) => matches!(detail, solana::Detail::Fee { .. }),
        Detail::Evm(_) => false,
    };
    let effects = intent.effects().iter();
    for effect in effects.filter(|effect| !is_fee(effect)) {
        if let Some((asset, amount)) = effect.outflow() {
            *sums.entry(asset).or_default() += amount.base();
        }
    }
    sums
}

#[test]
fn a_split_message_leaves_no_less() {
    let owners = PAYEES.map(|payee| Address::new(payee.to_bytes()));
    let (mut splits, mut wrong) = (0, Vec::new());
    for given in messages::all() {
        let Some(whole) = given.decode(&owners) else {
            continue;
        };
        let whole = leaves(&whole.intent);
        let count = given.message.instructions().len();
        for at in 1..count {
            let parts = [0..at, at..count].map(|keep| {
                let bytes = part(&given.message, keep).serialize();
                given.decode_bytes(&bytes, &owners)
            });
            let [Some(first), Some(second)] = parts else {
                continue;
            };
            splits += 1;
            let (first, second) = (leaves(&first.intent), leaves(&second.intent));
            for (asset, amount) in &whole {
                let of = |sums: &BTreeMap<Asset, u128>| sums.get(asset).copied().unwrap_or(0);
                if of(&first) + of(&second) < *amount {
                    wrong.push(format!("{} at {at}: less {asset}", given.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(splits >= 60, "only {splits} messages could be split");
}
