//! Facts about accounts begin and end where the instructions say so.

use countersign_intent::Amount;
use countersign_intent::solana::{Address, Asset, Detail as Effect, WRAPPED_SOL_MINT};
use sha2::{Digest, Sha256};

use super::super::draft::{
    MINT, STRANGER, Step, WALLET, ata, effects, effects_in, open, pay, pays, pool, reads, refusal,
    refusal_in, signs, step, sync, writes,
};
use super::super::trade_check::{RECEIVED, SPENT};
use super::super::{Context, RegisteredAccount, RegisteredNonce, ids};
use crate::DecodeErrorKind;

const RAYDIUM: &str = "675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8";

/// The account that the wallet derives with seed `s`.
fn seeded() -> Address {
    let derived: [u8; 32] = Sha256::new()
        .chain_update(WALLET.as_bytes())
        .chain_update(b"s")
        .chain_update(ids::TOKEN.as_bytes())
        .finalize()
        .into();
    Address::new(derived)
}

fn create() -> Step {
    let mut data = vec![3, 0, 0, 0];
    data.extend(WALLET.as_bytes());
    data.extend(1_u64.to_le_bytes());
    data.push(b's');
    data.extend(2_039_280_u64.to_le_bytes());
    data.extend(165_u64.to_le_bytes());
    data.extend(ids::TOKEN.as_bytes());
    step(
        ids::SYSTEM,
        vec![pays(WALLET), writes(seeded()), signs(WALLET)],
        data,
    )
}

fn initialize(mint: Address) -> Step {
    let data = [&[18][..], WALLET.as_bytes()].concat();
    step(ids::TOKEN, vec![writes(seeded()), reads(mint)], data)
}

fn close(account: Address) -> Step {
    let accounts = vec![writes(account), pays(WALLET), signs(WALLET)];
    step(ids::TOKEN, accounts, vec![9])
}

/// A trade whose mints no slot names: 1,000 for at least 2,000.
fn swap(from: Address, to: Address) -> Step {
    let mut data = vec![0x10];
    data.extend(1_000_u64.to_le_bytes());
    data.extend(2_000_u64.to_le_bytes());
    let mut accounts = vec![reads(ids::TOKEN)];
    accounts.extend((1..5).map(|number| writes(pool(number))));
    accounts.extend([writes(from), writes(to), signs(WALLET)]);
    step(RAYDIUM.parse().unwrap(), accounts, data)
}

fn hinted() -> Context<'static> {
    const MINTS: [Address; 2] = [SPENT, RECEIVED];
    Context {
        mints: &MINTS,
        ..Context::new(WALLET)
    }
}

fn receives(steps: &[Step]) -> Asset {
    let effects = effects_in(steps, &hinted()).unwrap();
    let received = effects.into_iter().find_map(|effect| match effect {
        Effect::Swap(swap) => Some(swap.receive),
        _ => None,
    });
    received.unwrap()
}

#[test]
fn an_account_opened_again_is_of_the_mint_it_was_opened_for_last() {
    let own = ata(WALLET, SPENT);
    let good = [create(), initialize(RECEIVED), swap(own, seeded())];
    assert_eq!(receives(&good), Asset::Token(RECEIVED));
    let disguised = [
        create(),
        initialize(RECEIVED),
        close(seeded()),
        create(),
        initialize(MINT),
        swap(own, seeded()),
    ];
    assert_eq!(receives(&disguised), Asset::Token(MINT));
}

#[test]
fn nothing_is_the_wallets_once_it_is_closed() {
    let own = ata(WALLET, SPENT);
    let opened = [create(), initialize(WRAPPED_SOL_MINT), close(seeded())];
    for last in [
        vec![swap(own, seeded())],
        vec![swap(seeded(), own)],
        vec![pay(seeded(), 5), sync(seeded())],
        vec![close(seeded())],
        // Created again, and not yet anybody's.
        vec![create(), swap(own, seeded()), initialize(WRAPPED_SOL_MINT)],
        vec![create(), pay(seeded(), 5), sync(seeded()), initialize(MINT)],
    ] {
        let steps = [&opened[..], &last].concat();
        assert_eq!(
            refusal_in(&steps, &hinted()),
            DecodeErrorKind::WrongAccounts
        );
    }
    // Sent without a word about wrapping, it is what it looks like.
    let sent = effects(&[&opened[..], &[pay(seeded(), 5)]].concat()).unwrap();
    assert!(matches!(sent.last(), Some(Effect::Transfer { to, .. }) if *to == seeded()));
}

#[test]
fn an_associated_account_can_be_closed_and_opened_again() {
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    let used = [pay(own, 5), sync(own)];
    let again = [
        &used[..],
        &[close(own), open(WALLET, WRAPPED_SOL_MINT)],
        &used,
        &[close(own)],
    ]
    .concat();
    let wraps = effects(&again).unwrap();
    let wraps = wraps
        .iter()
        .filter(|effect| matches!(effect, Effect::Wrap { .. }));
    assert_eq!(wraps.count(), 2);
    let closed = [&[close(own)][..], &used].concat();
    assert_eq!(refusal(&closed), DecodeErrorKind::WrongAccounts);
}

#[test]
fn what_the_chain_would_contradict_is_refused() {
    let mut fails_if_open = open(WALLET, MINT);
    fails_if_open.data = vec![0];
    for steps in [
        vec![open(WALLET, MINT), fails_if_open],
        vec![create(), create(), initialize(MINT)],
        vec![create(), initialize(MINT), initialize(MINT)],
        vec![create(), initialize(MINT), create(), initialize(MINT)],
        vec![create(), close(seeded()), initialize(MINT)],
    ] {
        assert_eq!(refusal(&steps), DecodeErrorKind::WrongAccounts);
    }
    assert!(effects(&[open(WALLET, MINT), open(WALLET, MINT)]).is_ok());
}

#[test]
fn a_registration_is_not_outlived() {
    let registered = |account, mint| [RegisteredAccount { account, mint }];
    for mint in [WRAPPED_SOL_MINT, MINT] {
        let accounts = registered(pool(1), mint);
        let known = Context {
            accounts: &accounts,
            ..Context::new(WALLET)
        };
        assert_eq!(
            refusal_in(&[close(pool(1))], &known),
            DecodeErrorKind::Forbidden
        );
        // Somebody else's key makes it anew: nobody opens what the register says is open.
        let mut data = vec![0, 0, 0, 0];
        data.extend(5_000_u64.to_le_bytes());
        data.extend(165_u64.to_le_bytes());
        data.extend(ids::TOKEN.as_bytes());
        let created = step(ids::SYSTEM, vec![pays(WALLET), pays(pool(1))], data);
        assert_eq!(
            refusal_in(&[created], &known),
            DecodeErrorKind::WrongAccounts
        );
    }
    // An associated account is the wallet's whoever opens it.
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    let accounts = registered(own, WRAPPED_SOL_MINT);
    let known = Context {
        accounts: &accounts,
        ..Context::new(WALLET)
    };
    assert_eq!(
        effects_in(&[close(own)], &known).unwrap(),
        [Effect::Unwrap {
            account: own,
            amount: None
        }]
    );
    let wrapped = [close(own), pay(own, 5), sync(own)];
    assert_eq!(refusal_in(&wrapped, &known), DecodeErrorKind::WrongAccounts);
}

#[test]
fn a_registered_nonce_account_is_not_emptied() {
    let nonces = [RegisteredNonce {
        account: pool(1),
        authority: WALLET,
    }];
    let known = Context {
        nonces: &nonces,
        ..Context::new(WALLET)
    };
    let data = [&[5, 0, 0, 0][..], &9_u64.to_le_bytes()].concat();
    let accounts = vec![
        writes(pool(1)),
        writes(STRANGER),
        reads(ids::RECENT_BLOCKHASHES),
        reads(ids::RENT),
        signs(WALLET),
    ];
    let withdraw = step(ids::SYSTEM, accounts, data);
    assert_eq!(
        refusal_in(std::slice::from_ref(&withdraw), &known),
        DecodeErrorKind::Forbidden
    );
    assert!(matches!(
        effects(&[withdraw]).unwrap()[..],
        [Effect::Transfer { amount, .. }] if amount == Amount::from_base(9)
    ));
}
