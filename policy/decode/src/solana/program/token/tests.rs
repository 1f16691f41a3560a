use countersign_intent::Amount;
use countersign_intent::solana::{
    Address, Asset, AuthorityKind, Detail as Effect, WRAPPED_SOL_MINT,
};

use super::super::super::context::{Context, RegisteredAccount};
use super::super::super::draft::{
    MINT, STRANGER, Step, Use, WALLET, ata, effects, effects_in, open, pay, pays, pool, reads,
    refusal, refusal_in, signs, step, sync, writes,
};
use super::super::super::ids;
use crate::DecodeErrorKind;

fn token(accounts: Vec<Use>, data: &[u8]) -> Step {
    step(ids::TOKEN, accounts, data.to_vec())
}

fn amount(discriminator: u8, units: u64, decimals: Option<u8>) -> Vec<u8> {
    let mut data = vec![discriminator];
    data.extend(units.to_le_bytes());
    data.extend(decimals);
    data
}

fn transfer_checked(to: Address) -> Step {
    let accounts = vec![
        writes(ata(WALLET, MINT)),
        reads(MINT),
        writes(to),
        signs(WALLET),
    ];
    token(accounts, &amount(12, 7, Some(6)))
}

fn sent(to: Address, account: Address) -> Effect {
    Effect::Transfer {
        asset: Asset::Token(MINT),
        amount: Amount::from_base(7),
        to,
        token_account: Some(account),
    }
}

#[test]
fn the_receiver_is_the_owner_where_that_is_proven() {
    let account = ata(STRANGER, MINT);
    assert_eq!(
        effects(&[transfer_checked(account)]).unwrap(),
        [sent(account, account)]
    );
    let opened = effects(&[open(STRANGER, MINT), transfer_checked(account)]).unwrap();
    assert_eq!(opened[2], sent(STRANGER, account));
    let owners = [pool(9), STRANGER];
    let allowed = Context {
        owners: &owners,
        ..Context::new(WALLET)
    };
    assert_eq!(
        effects_in(&[transfer_checked(account)], &allowed).unwrap(),
        [sent(STRANGER, account)]
    );
    let own = ata(WALLET, MINT);
    let to_self = Step {
        accounts: vec![writes(pool(1)), reads(MINT), writes(own), signs(WALLET)],
        ..transfer_checked(own)
    };
    assert_eq!(effects(&[to_self]).unwrap(), [sent(WALLET, own)]);
}

#[test]
fn a_transfer_without_its_mint_needs_a_known_source() {
    let plain = |from| {
        token(
            vec![writes(from), writes(pool(2)), signs(WALLET)],
            &amount(3, 7, None),
        )
    };
    assert_eq!(refusal(&[plain(pool(1))]), DecodeErrorKind::UnprovenAccount);
    assert_eq!(
        refusal(&[plain(ata(WALLET, MINT))]),
        DecodeErrorKind::UnprovenAccount
    );
    let mints = [MINT];
    let hinted = Context {
        mints: &mints,
        ..Context::new(WALLET)
    };
    assert_eq!(
        effects_in(&[plain(ata(WALLET, MINT))], &hinted).unwrap(),
        [sent(pool(2), pool(2))]
    );
    assert_eq!(
        refusal_in(&[plain(ata(STRANGER, MINT))], &hinted),
        DecodeErrorKind::UnprovenAccount
    );
    let accounts = [RegisteredAccount {
        account: pool(1),
        mint: MINT,
    }];
    let registered = Context {
        accounts: &accounts,
        ..Context::new(WALLET)
    };
    assert_eq!(
        effects_in(&[plain(pool(1))], &registered).unwrap(),
        [sent(pool(2), pool(2))]
    );
}

#[test]
fn only_the_wallet_as_authority_is_signed_for() {
    let mut foreign = transfer_checked(pool(2));
    foreign.accounts[3] = reads(STRANGER);
    assert_eq!(refusal(&[foreign.clone()]), DecodeErrorKind::WrongAccounts);
    foreign.accounts[3] = signs(STRANGER);
    assert_eq!(effects(&[foreign.clone()]), Ok(vec![]), "theirs");
    foreign.accounts[2] = writes(ata(WALLET, MINT));
    assert_eq!(effects(&[foreign.clone()]), Ok(vec![]), "to the wallet");
    foreign.accounts[1] = reads(WALLET);
    assert_eq!(refusal(&[foreign]), DecodeErrorKind::MisplacedWallet);
    let mut referenced = transfer_checked(pool(2));
    let plain = effects(&[referenced.clone()]).unwrap();
    for reference in [reads(pool(3)), writes(pool(3))] {
        referenced.accounts.truncate(4);
        referenced.accounts.push(reference);
        assert_eq!(effects(&[referenced.clone()]).unwrap(), plain);
    }
    referenced.accounts[4] = signs(STRANGER);
    assert_eq!(
        refusal(&[referenced]),
        DecodeErrorKind::WrongAccounts,
        "a multisig signer"
    );
}

#[test]
fn powers_are_never_handed_over() {
    let by_name = |data: &[u8]| {
        let accounts = vec![writes(pool(1)), reads(STRANGER), signs(WALLET)];
        refusal(&[token(accounts, data)])
    };
    for kind in 0..=17 {
        let mut data = vec![6, kind, 1];
        data.extend(STRANGER.as_bytes());
        assert_eq!(by_name(&data), DecodeErrorKind::Forbidden);
        if kind != 3 {
            assert_eq!(by_name(&[6, kind, 0]), DecodeErrorKind::Forbidden);
        }
    }
    for refused in [0, 2, 4, 7, 10, 11, 13, 14, 19, 20, 21, 23, 24, 255] {
        assert_eq!(
            by_name(&amount(refused, 1, None)),
            DecodeErrorKind::Forbidden,
            "{refused}"
        );
    }
    for unknown in [25, 26, 37, 44, 100, 254] {
        assert_eq!(
            by_name(&[unknown]),
            DecodeErrorKind::UnknownInstruction,
            "{unknown}"
        );
    }
    let give_up = token(vec![writes(pool(1)), signs(WALLET)], &[6, 3, 0]);
    assert_eq!(
        effects(&[give_up]).unwrap(),
        [Effect::AuthorityChange {
            account: pool(1),
            kind: AuthorityKind::CloseAccount,
            new_authority: None,
        }]
    );
}

#[test]
fn a_batch_hides_nothing() {
    let mut data = vec![255, 2, 3, 6, 2, 1];
    data.extend(STRANGER.as_bytes());
    let accounts = vec![writes(ata(WALLET, MINT)), signs(WALLET)];
    assert_eq!(
        refusal(&[token(accounts, &data)]),
        DecodeErrorKind::Forbidden
    );
}

#[test]
fn lamports_are_paid_out_to_the_wallet_only() {
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    let pay_out = |account, to, data: &[u8]| {
        let to = if to == WALLET { pays(to) } else { writes(to) };
        token(vec![writes(account), to, signs(WALLET)], data)
    };
    let unwrap_some = [&[45, 1][..], &9_u64.to_le_bytes()].concat();
    for (account, data, expected) in [
        (
            own,
            &[9][..],
            Effect::Unwrap {
                account: own,
                amount: None,
            },
        ),
        (
            pool(1),
            &[9],
            Effect::CloseAccount {
                account: pool(1),
                destination: WALLET,
            },
        ),
        (
            pool(1),
            &[38],
            Effect::Reclaim {
                account: pool(1),
                amount: None,
            },
        ),
        (
            own,
            &[45, 0],
            Effect::Unwrap {
                account: own,
                amount: None,
            },
        ),
        (
            own,
            &unwrap_some,
            Effect::Unwrap {
                account: own,
                amount: Some(Amount::from_base(9)),
            },
        ),
    ] {
        assert_eq!(
            effects(&[pay_out(account, WALLET, data)]).unwrap(),
            [expected]
        );
        assert_eq!(
            refusal(&[pay_out(account, STRANGER, data)]),
            DecodeErrorKind::Forbidden
        );
        let longer = [data, &[0]].concat();
        assert_eq!(
            refusal(&[pay_out(account, WALLET, &longer)]),
            DecodeErrorKind::WrongData
        );
    }
    assert_eq!(
        refusal(&[pay_out(own, WALLET, &[45, 2])]),
        DecodeErrorKind::WrongData
    );
}

#[test]
fn another_signer_closes_what_is_theirs_and_nothing_of_the_wallets() {
    let close = |account, to| token(vec![writes(account), to, signs(STRANGER)], &[9]);
    let theirs = ata(STRANGER, WRAPPED_SOL_MINT);
    for to in [pays(STRANGER), pays(WALLET), writes(pool(2))] {
        assert_eq!(effects(&[close(theirs, to)]), Ok(vec![]));
    }
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    let opened = [open(WALLET, WRAPPED_SOL_MINT), close(own, pays(STRANGER))];
    assert_eq!(refusal(&opened), DecodeErrorKind::WrongAccounts);
    let unsigned = token(vec![writes(theirs), pays(WALLET), reads(STRANGER)], &[9]);
    assert_eq!(refusal(&[unsigned]), DecodeErrorKind::WrongAccounts);
}

#[test]
fn burning_and_revoking_are_shown() {
    for (discriminator, decimals) in [(8, None), (15, Some(6))] {
        let accounts = vec![writes(pool(1)), writes(MINT), signs(WALLET)];
        assert_eq!(
            effects(&[token(accounts, &amount(discriminator, 7, decimals))]).unwrap(),
            [Effect::Burn {
                asset: Asset::Token(MINT),
                amount: Amount::from_base(7),
                account: pool(1),
            }]
        );
    }
    let revoke = token(vec![writes(pool(1)), signs(WALLET)], &[5]);
    assert_eq!(
        effects(&[revoke]).unwrap(),
        [Effect::Revoke { account: pool(1) }]
    );
}

/// CreateAccountWithSeed for the wallet, seed `s`.
fn create(owner_program: Address, units: u64) -> (Address, Step) {
    use sha2::{Digest, Sha256};
    let derived: [u8; 32] = Sha256::new()
        .chain_update(WALLET.as_bytes())
        .chain_update(b"s")
        .chain_update(owner_program.as_bytes())
        .finalize()
        .into();
    let account = Address::new(derived);
    let mut data = vec![3, 0, 0, 0];
    data.extend(WALLET.as_bytes());
    data.extend(1_u64.to_le_bytes());
    data.push(b's');
    data.extend(units.to_le_bytes());
    data.extend(165_u64.to_le_bytes());
    data.extend(owner_program.as_bytes());
    let accounts = vec![pays(WALLET), writes(account), signs(WALLET)];
    (account, step(ids::SYSTEM, accounts, data))
}

fn initialize(account: Address, mint: Address, owner: Address, version: u8) -> Step {
    let mut accounts = vec![writes(account), reads(mint)];
    let mut data = vec![version];
    if version == 1 {
        accounts.push(reads(owner));
        accounts.push(reads(ids::RENT));
    } else {
        data.extend(owner.as_bytes());
        if version == 16 {
            accounts.push(reads(ids::RENT));
        }
    }
    token(accounts, &data)
}

#[test]
fn an_account_that_another_signer_pays_for_is_whose_they_say() {
    let account = pool(20);
    let mut create = create(ids::TOKEN, 3_000_000).1;
    create.accounts = vec![pays(STRANGER), pays(account)];
    create.data = [
        &[0; 4][..],
        &3_000_000_u64.to_le_bytes(),
        &165_u64.to_le_bytes(),
    ]
    .concat();
    create.data.extend(ids::TOKEN.as_bytes());
    let of = |owner| {
        [
            create.clone(),
            initialize(account, WRAPPED_SOL_MINT, owner, 18),
        ]
    };
    assert_eq!(effects(&of(STRANGER)), Ok(vec![]));
    assert_eq!(
        effects(&of(WALLET)).unwrap(),
        [Effect::OpenAccount {
            account,
            owner: WALLET,
            asset: Asset::Sol
        }]
    );
    // Only an account that is the wallet's at that step takes its SOL.
    let wraps = |owner| [&of(owner)[..], &[pay(account, 7), sync(account)]].concat();
    assert_eq!(
        refusal(&wraps(STRANGER)),
        DecodeErrorKind::ForeignDestination
    );
    assert_eq!(effects(&wraps(WALLET)).unwrap().len(), 2);
    let early = [create.clone(), pay(account, 7), sync(account)];
    assert_eq!(refusal(&early), DecodeErrorKind::WrongAccounts);
    // And nobody but the wallet closes it.
    let mut close = token(
        vec![writes(account), writes(STRANGER), signs(STRANGER)],
        &[9],
    );
    assert_eq!(
        effects(&[&of(STRANGER)[..], &[close.clone()]].concat()),
        Ok(vec![])
    );
    assert_eq!(
        refusal(&[&of(WALLET)[..], &[close.clone()]].concat()),
        DecodeErrorKind::WrongAccounts
    );
    close.accounts[2] = signs(WALLET);
    assert_eq!(
        refusal(&[&of(WALLET)[..], &[close]].concat()),
        DecodeErrorKind::Forbidden
    );
}

#[test]
fn a_registered_account_is_not_created_by_another_signer() {
    let account = pool(20);
    let registered = [RegisteredAccount {
        account,
        mint: WRAPPED_SOL_MINT,
    }];
    let context = Context {
        accounts: &registered,
        ..Context::new(WALLET)
    };
    let data = [&[0; 4][..], &5_u64.to_le_bytes(), &165_u64.to_le_bytes()].concat();
    let data = [&data[..], ids::TOKEN.as_bytes()].concat();
    let create = step(ids::SYSTEM, vec![pays(STRANGER), pays(account)], data);
    assert_eq!(
        refusal_in(&[create], &context),
        DecodeErrorKind::WrongAccounts
    );
}

#[test]
fn a_temporary_account_is_the_wallets_once_initialised() {
    let (account, create) = create(ids::TOKEN, 3_000_000);
    for version in [1, 16, 18] {
        let steps = [
            create.clone(),
            initialize(account, WRAPPED_SOL_MINT, WALLET, version),
        ];
        assert_eq!(
            effects(&steps).unwrap(),
            [
                Effect::OpenAccount {
                    account,
                    owner: WALLET,
                    asset: Asset::Sol
                },
                Effect::RentDeposit {
                    account,
                    amount: Amount::from_base(2_039_280)
                },
                Effect::Wrap {
                    account,
                    amount: Amount::from_base(960_720)
                },
            ]
        );
        let foreign = [create.clone(), initialize(account, MINT, STRANGER, version)];
        assert_eq!(refusal(&foreign), DecodeErrorKind::ForeignDestination);
    }
    assert_eq!(
        refusal(&[create]),
        DecodeErrorKind::WrongAccounts,
        "left for anybody to take"
    );
    let alone = initialize(pool(1), MINT, WALLET, 18);
    assert_eq!(refusal(&[alone]), DecodeErrorKind::WrongAccounts);
}

#[test]
fn a_temporary_account_can_be_wrapped_into_and_closed() {
    let (account, create) = create(ids::TOKEN, 2_039_280);
    let close = token(vec![writes(account), pays(WALLET), signs(WALLET)], &[9]);
    let steps = [
        create,
        initialize(account, WRAPPED_SOL_MINT, WALLET, 18),
        pay(account, 50),
        sync(account),
        close,
    ];
    let effects = effects(&steps).unwrap();
    assert!(matches!(effects[2], Effect::Wrap { .. }));
    assert!(matches!(effects[3], Effect::Unwrap { .. }));
}

#[test]
fn a_marker_may_follow_a_closing_and_no_signer() {
    let own = ata(WALLET, WRAPPED_SOL_MINT);
    let accounts = [writes(own), pays(WALLET), signs(WALLET)];
    let with = |further: &[Use], data| token([&accounts[..], further].concat(), data);
    let close = |further: &[Use]| with(further, &[9]);
    assert_eq!(
        effects(&[close(&[reads(pool(1))])]).unwrap(),
        effects(&[close(&[])]).unwrap()
    );
    assert_eq!(
        effects(&[close(&[writes(pool(1))])]).unwrap(),
        effects(&[close(&[])]).unwrap()
    );
    for (further, kind) in [
        (signs(STRANGER), DecodeErrorKind::WrongAccounts),
        (signs(WALLET), DecodeErrorKind::WrongAccounts),
    ] {
        assert_eq!(refusal(&[close(&[further])]), kind);
    }
    let other = with(&[reads(pool(1))], &[38]);
    assert_eq!(refusal(&[other]), DecodeErrorKind::WrongAccounts);
}
