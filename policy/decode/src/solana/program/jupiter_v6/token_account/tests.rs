use super::super::super::super::context::Context;
use super::super::super::super::draft::{
    MINT, STRANGER, Step, WALLET, effects, effects_hiding, pay, pays, pool, reads, refusal, step,
    writes,
};
use super::*;
use countersign_intent::Amount;
use countersign_intent::solana::WRAPPED_SOL_MINT;

const BUMP: u8 = 252;

fn opened(user: Address, mint: Address) -> Address {
    derive(&user, &mint, BUMP)
}

fn opening(account: Address, user: Address, mint: Address) -> Step {
    let accounts = vec![
        writes(account),
        pays(user),
        reads(mint),
        reads(ids::TOKEN),
        reads(ids::SYSTEM),
    ];
    let data = [&CREATE.to_be_bytes()[..], &[BUMP]].concat();
    step(ID, accounts, data)
}

fn close(account: Address) -> Step {
    let accounts = vec![writes(account), pays(WALLET), pays(WALLET)];
    step(ids::TOKEN, accounts, vec![9])
}

#[test]
fn a_real_address_is_the_derived_one() {
    for (user, bump, account) in [
        (
            "jdocuPgEAjMfihABsPgKEvYtsmMzjUHeq9LX4Hvs7f3",
            252,
            "BNwvLcrnnSLEiKzyLYwPGLeCcWZxdfVZfLDfyD9TTdxJ",
        ),
        (
            "EchiScZ84gZNWhYyFZgs3aSsKEZ1Dyph8SL3du23MaNi",
            255,
            "7nheshdYExm6jNC6Yuj4D7RAGSZK17kkszdyHVTAMgqJ",
        ),
    ] {
        let derived = derive(&user.parse().unwrap(), &WRAPPED_SOL_MINT, bump);
        assert_eq!(derived, account.parse().unwrap());
    }
}

#[test]
fn what_is_sent_before_is_rent_and_wrapped_sol() {
    let account = opened(WALLET, WRAPPED_SOL_MINT);
    let open = opening(account, WALLET, WRAPPED_SOL_MINT);
    let expected = |wrapped: u128| {
        let mut all = vec![
            Effect::OpenAccount {
                account,
                owner: WALLET,
                asset: Asset::Sol,
            },
            Effect::RentDeposit {
                account,
                amount: Amount::from_base(2_039_280),
            },
        ];
        all.extend((wrapped > 0).then_some(Effect::Wrap {
            account,
            amount: Amount::from_base(wrapped),
        }));
        all.push(Effect::Unwrap {
            account,
            amount: None,
        });
        Ok(all)
    };
    let funded = |units: &[u64]| {
        let mut steps: Vec<Step> = units.iter().map(|units| pay(account, *units)).collect();
        steps.extend([open.clone(), close(account)]);
        effects(&steps)
    };
    assert_eq!(funded(&[]), expected(0));
    assert_eq!(funded(&[1_000]), expected(0));
    assert_eq!(funded(&[102_039_280]), expected(100_000_000));
    assert_eq!(funded(&[2_039_280, 7]), expected(7));
    // What is sent there otherwise leaves the wallet.
    let later = [open.clone(), pay(account, 5)];
    assert!(effects(&later).unwrap().contains(&sol_transfer(5, account)));
    let twice = [open.clone(), open];
    assert!(effects(&twice).is_ok(), "the chain refuses it");
}

#[test]
fn a_mint_in_a_table_is_the_one_the_address_proves() {
    let account = opened(WALLET, WRAPPED_SOL_MINT);
    let steps = [
        pay(account, 3_000_000),
        opening(account, WALLET, WRAPPED_SOL_MINT),
        close(account),
    ];
    let plain = Context::new(WALLET);
    let hidden = effects_hiding(&steps, &[WRAPPED_SOL_MINT], &plain);
    assert_eq!(hidden, effects(&steps));
    let other = [opening(opened(WALLET, MINT), WALLET, MINT)];
    let unknown = effects_hiding(&other, &[MINT], &plain).unwrap_err();
    assert_eq!(unknown.kind(), DecodeErrorKind::UnresolvedAccount);
    let hinted = Context {
        mints: &[MINT],
        ..plain
    };
    assert_eq!(effects_hiding(&other, &[MINT], &hinted), effects(&other));
}

#[test]
fn only_the_derived_account_is_the_wallets() {
    let foreign = opened(STRANGER, WRAPPED_SOL_MINT);
    for account in [foreign, opened(WALLET, MINT), pool(1)] {
        let open = opening(account, WALLET, WRAPPED_SOL_MINT);
        assert_eq!(
            refusal(std::slice::from_ref(&open)),
            DecodeErrorKind::WrongAccounts
        );
        assert_eq!(
            refusal(&[pay(account, 5), open]),
            DecodeErrorKind::WrongAccounts
        );
    }
    // Opened by somebody else, it is theirs, with what was sent to it.
    let theirs = opening(foreign, STRANGER, WRAPPED_SOL_MINT);
    assert_eq!(effects(std::slice::from_ref(&theirs)), Ok(vec![]));
    assert_eq!(
        effects(&[pay(foreign, 5), theirs]),
        Ok(vec![sol_transfer(5, foreign)])
    );
}

#[test]
fn the_instruction_has_its_exact_form() {
    let usual = opening(opened(WALLET, MINT), WALLET, MINT);
    assert!(effects(std::slice::from_ref(&usual)).is_ok());
    let with = |change: &dyn Fn(&mut Step)| {
        let mut step = usual.clone();
        change(&mut step);
        refusal(&[step])
    };
    assert_eq!(
        with(&|one| one.data.truncate(8)),
        DecodeErrorKind::WrongData
    );
    assert_eq!(with(&|one| one.data.push(1)), DecodeErrorKind::WrongData);
    assert_eq!(
        with(&|one| one.data[8] ^= 1),
        DecodeErrorKind::WrongAccounts
    );
    for (slot, account) in [
        (1, writes(STRANGER)),
        (2, reads(STRANGER)),
        (2, pays(WALLET)),
        (3, reads(MINT)),
        (4, reads(pool(2))),
    ] {
        let wrong = with(&|one| one.accounts[slot] = account);
        assert_eq!(wrong, DecodeErrorKind::WrongAccounts, "{slot}");
    }
    let longer = with(&|one| one.accounts.push(pays(WALLET)));
    assert_eq!(longer, DecodeErrorKind::WrongAccounts);
}
