//! SPL Token and associated token accounts.

use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use super::super::actors::*;
use super::system::{create, pay};
use super::{Named, call, legacy, opened_by_thief, r, s, w, ws};

pub(super) fn transactions() -> Vec<Named> {
    let mut all = transfers();
    all.extend(powers());
    all.extend(lamports());
    all.extend(associated());
    all
}

fn coins() -> Pubkey {
    ata(victim(), COIN)
}

fn token(accounts: &[AccountMeta], data: &[&[u8]]) -> Instruction {
    call(TOKEN, accounts, data)
}

const UNITS: [u8; 8] = 500_000_000_u64.to_le_bytes();

pub(super) fn close(account: Pubkey, to: Pubkey) -> Instruction {
    token(&[w(account), w(to), s(victim())], &[&[9]])
}

fn transfers() -> Vec<Named> {
    let (from, to) = (w(coins()), w(ata(thief(), COIN)));
    let simple = [from.clone(), to.clone(), s(victim())];
    let checked = [from.clone(), r(COIN), to, s(victim())];
    let burn = [from, w(COIN), s(victim())];
    vec![
        legacy("09-token-transfer", &[token(&simple, &[&[3], &UNITS])]),
        legacy(
            "09-token-transfer-checked",
            &[token(&checked, &[&[12], &UNITS, &[6]])],
        ),
        legacy("15-batch-with-transfer", &[batch(&simple, &[&[3], &UNITS])]),
        legacy("16-burn", &[token(&burn, &[&[8], &UNITS])]),
        legacy("16-burn-checked", &[token(&burn, &[&[15], &UNITS, &[6]])]),
        legacy(
            "37-trailing-byte-after-arguments",
            &[token(&simple, &[&[3], &UNITS, &[0]])],
        ),
    ]
}

fn batch(accounts: &[AccountMeta], data: &[&[u8]]) -> Instruction {
    let data = data.concat();
    let head = [
        255,
        u8::try_from(accounts.len()).unwrap(),
        u8::try_from(data.len()).unwrap(),
    ];
    token(accounts, &[&head, &data])
}

fn set_authority(account: Pubkey, kind: u8) -> Instruction {
    let accounts = [w(account), s(victim())];
    token(&accounts, &[&[6, kind, 1], thief().as_ref()])
}

fn powers() -> Vec<Named> {
    let approve = [w(coins()), r(thief()), s(victim())];
    let approve_checked = [w(coins()), r(COIN), r(thief()), s(victim())];
    let hidden = set_authority(coins(), 2);
    let mut long: Vec<Instruction> = (1..=24).map(|units| pay(COLD, units)).collect();
    long.insert(13, hidden.clone());
    vec![
        legacy("11-approve", &[token(&approve, &[&[4], &UNITS])]),
        legacy(
            "11-approve-checked",
            &[token(&approve_checked, &[&[13], &UNITS, &[6]])],
        ),
        legacy("12-set-owner", std::slice::from_ref(&hidden)),
        legacy("12-set-close-authority", &[set_authority(coins(), 3)]),
        legacy("12-set-mint-authority", &[set_authority(ISSUED, 0)]),
        legacy(
            "15-batch-with-set-authority",
            &[batch(&hidden.accounts, &[&hidden.data])],
        ),
        legacy("look-alike-set-owner-in-a-long-transaction", &long),
    ]
}

pub(super) fn initialize(account: Pubkey, mint: Pubkey, owner: Pubkey) -> Instruction {
    token(&[w(account), r(mint)], &[&[18], owner.as_ref()])
}

fn lamports() -> Vec<Named> {
    let wrapped = ata(victim(), WRAPPED);
    let pays_out = |account, data: &[&[u8]]| {
        let accounts = [w(account), w(thief()), s(victim())];
        token(&accounts, data)
    };
    let foreign = ata(thief(), WRAPPED);
    let sync = |account| token(&[w(account)], &[&[17]]);
    let [anew, for_thief] = opened_by_thief();
    let opened = || create(fresh(), 5 * SOL, 165, TOKEN);
    vec![
        legacy("13-close-wrapped-sol", &[close(wrapped, thief())]),
        legacy("14-unwrap-lamports", &[pays_out(wrapped, &[&[45, 0]])]),
        legacy(
            "14-withdraw-excess-lamports",
            &[pays_out(coins(), &[&[38]])],
        ),
        legacy("17-wrap-for-thief", &[pay(foreign, 5 * SOL), sync(foreign)]),
        legacy(
            "17-wrap-where-a-registered-account-was",
            &[
                close(registered(), victim()),
                anew,
                for_thief,
                pay(registered(), 50 * SOL),
                sync(registered()),
            ],
        ),
        legacy(
            "18-initialize-for-thief",
            &[opened(), initialize(fresh(), WRAPPED, thief())],
        ),
        legacy(
            "18-initialize-then-hand-over",
            &[
                opened(),
                initialize(fresh(), WRAPPED, victim()),
                set_authority(fresh(), 2),
            ],
        ),
        legacy(
            "24-fails-and-costs-its-fee",
            &[close(ata(victim(), JUNK), victim())],
        ),
        legacy(
            "look-alike-close-to-stranger",
            &[close(ata(victim(), USDC), thief())],
        ),
    ]
}

pub(super) fn open(owner: Pubkey, mint: Pubkey) -> Instruction {
    let accounts = [
        ws(victim()),
        w(ata(owner, mint)),
        r(owner),
        r(mint),
        r(SYSTEM),
        r(TOKEN),
    ];
    call(ASSOCIATED, &accounts, &[&[1]])
}

fn associated() -> Vec<Named> {
    let strangers: Vec<Instruction> = (10..16)
        .map(|number| open(Pubkey::new_from_array([number; 32]), COIN))
        .collect();
    let nested_owner = coins();
    let nested = [
        w(ata(nested_owner, USDC)),
        r(USDC),
        w(ata(victim(), USDC)),
        r(nested_owner),
        r(COIN),
        ws(victim()),
        r(TOKEN),
    ];
    vec![
        legacy("19-open-accounts-for-strangers", &strangers),
        legacy("20-recover-nested", &[call(ASSOCIATED, &nested, &[&[2]])]),
    ]
}
