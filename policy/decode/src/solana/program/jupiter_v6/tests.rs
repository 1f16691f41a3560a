use countersign_intent::Amount;
use countersign_intent::solana::{Address, Asset, Detail as Effect, Quote, Swap, WRAPPED_SOL_MINT};

use super::super::super::context::{Context, RegisteredAccount};
use super::super::super::draft::{
    MINT, STRANGER, Step, Use, WALLET, ata, effects, effects_hiding, effects_in, open, pool, reads,
    refusal, signs, step, writes,
};
use super::super::super::ids;
use super::{EVENT_AUTHORITY, ID, ROUTES};
use crate::DecodeErrorKind;

fn usdc() -> Address {
    match Asset::USDC {
        Asset::Token(mint) => mint,
        Asset::Sol => panic!("USDC is a token"),
    }
}

/// A one-step plan through exchange variant `variant` with no fields.
fn plan(variant: u8, v2: bool) -> Vec<u8> {
    let mut plan = vec![1, 0, 0, 0, variant, 100];
    if v2 {
        plan.push(0);
    }
    plan.extend_from_slice(&[0, 1]);
    plan
}

/// A route of 1,000 USDC units for about 2,000 of `MINT`, laid out as its name asks.
fn route(name: &str) -> Step {
    let known = ROUTES.iter().find(|route| route.name == name).unwrap();
    let v2 = known.arguments == super::Arguments::AmountsFirst;
    let slots = &known.slots;
    let mut accounts = vec![reads(ID); slots.event_authority + 2];
    accounts[slots.wallet] = signs(WALLET);
    accounts[slots.source] = writes(ata(WALLET, usdc()));
    accounts[slots.destination] = writes(ata(WALLET, MINT));
    if let super::MintFrom::Slot(slot) = slots.source_mint {
        accounts[slot] = reads(usdc());
    }
    accounts[slots.destination_mint] = reads(MINT);
    for slot in slots.token_programs {
        accounts[*slot] = reads(ids::TOKEN);
    }
    accounts[slots.event_authority] = reads(EVENT_AUTHORITY);
    accounts.push(writes(pool(1)));
    let (amount, quoted) = if known.exact_out {
        (2_000_u64, 1_000_u64)
    } else {
        (1_000, 2_000)
    };
    let mut data = known.discriminator.to_be_bytes().to_vec();
    if known.shared {
        data.push(3);
    }
    if !v2 {
        data.extend(plan(7, false));
    }
    data.extend(amount.to_le_bytes());
    data.extend(quoted.to_le_bytes());
    data.extend(50_u16.to_le_bytes());
    if v2 {
        data.extend([0, 0, 0, 0]);
        data.extend(plan(7, true));
    } else {
        data.push(0);
    }
    step(ID, accounts, data)
}

fn names() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.name)
}

#[test]
fn every_route_shows_its_bounds() {
    for route_layout in &ROUTES {
        let (spend_max, receive_min, quoted) = if route_layout.exact_out {
            (1_005, 2_000, 1_000)
        } else {
            (1_000, 1_990, 2_000)
        };
        let expected = Effect::Swap(Swap {
            program: "jupiter-v6",
            spend: Asset::USDC,
            spend_max: Amount::from_base(spend_max),
            receive: Asset::Token(MINT),
            receive_min: Amount::from_base(receive_min),
            quote: Some(Quote {
                amount: Amount::from_base(quoted),
                slippage_bps: 50,
            }),
            platform_fee_bps: 0,
            positive_slippage_bps: 0,
            fee_account: None,
            launches: false,
            exposed_accounts: 0,
            expires_at: None,
        });
        assert_eq!(
            effects(&[route(route_layout.name)]).unwrap(),
            [expected],
            "{}",
            route_layout.name
        );
    }
}

#[test]
fn proceeds_to_a_stranger_are_refused() {
    for layout in &ROUTES {
        let mut foreign = route(layout.name);
        foreign.accounts[layout.slots.destination] = writes(ata(STRANGER, MINT));
        assert_eq!(
            refusal(&[foreign.clone()]),
            DecodeErrorKind::UnprovenAccount
        );
        // Opening that account in the same message proves only that it is the stranger's.
        assert_eq!(
            refusal(&[open(STRANGER, MINT), foreign]),
            DecodeErrorKind::UnprovenAccount
        );
        let mut foreign = route(layout.name);
        foreign.accounts[layout.slots.source] = writes(ata(STRANGER, usdc()));
        assert_eq!(refusal(&[foreign]), DecodeErrorKind::UnprovenAccount);
        if let Some(redirect) = layout.slots.redirect {
            for to in [ata(STRANGER, MINT), STRANGER, ata(WALLET, usdc())] {
                let mut redirected = route(layout.name);
                redirected.accounts[redirect] = writes(to);
                assert_eq!(refusal(&[redirected]), DecodeErrorKind::ForeignDestination);
            }
            let mut own = route(layout.name);
            own.accounts[redirect] = writes(ata(WALLET, MINT));
            assert!(effects(&[own]).is_ok());
        }
    }
}

#[test]
fn the_right_program_with_the_wrong_account_order_is_refused() {
    for layout in &ROUTES {
        let mut swapped = route(layout.name);
        swapped
            .accounts
            .swap(layout.slots.source, layout.slots.destination);
        let result = effects(&[swapped]);
        if matches!(layout.slots.source_mint, super::MintFrom::Slot(_)) {
            assert!(result.is_err(), "{}", layout.name);
        }
        let mut moved = route(layout.name);
        moved
            .accounts
            .swap(layout.slots.wallet, layout.slots.source);
        assert_eq!(refusal(&[moved]), DecodeErrorKind::WrongAccounts);
        let mut short = route(layout.name);
        short.accounts.truncate(layout.slots.event_authority + 1);
        assert_eq!(refusal(&[short]), DecodeErrorKind::WrongAccounts);
    }
}

#[test]
fn the_wallet_signs_for_the_exchanges_of_plain_routes_only() {
    for layout in &ROUTES {
        let mut with = route(layout.name);
        with.accounts.push(signs(WALLET));
        let outcome = effects(&[with]).map_err(|error| error.kind());
        if layout.shared {
            assert_eq!(outcome, Err(DecodeErrorKind::MisplacedWallet));
        } else {
            assert!(outcome.is_ok());
        }
    }
}

#[test]
fn bytes_that_the_program_would_ignore_are_refused() {
    for name in names() {
        let mut longer = route(name);
        longer.data.push(0);
        assert_eq!(refusal(&[longer]), DecodeErrorKind::WrongData, "{name}");
        let mut shorter = route(name);
        shorter.data.pop();
        assert_eq!(refusal(&[shorter]), DecodeErrorKind::WrongData, "{name}");
    }
}

#[test]
fn unbounded_trades_are_refused() {
    // Amounts end the first layouts, and stand after the discriminator in the second.
    let mut no_minimum = route("route");
    let at = no_minimum.data.len() - 11;
    no_minimum.data[at..at + 8].fill(0);
    assert_eq!(refusal(&[no_minimum]), DecodeErrorKind::UnboundedTrade);
    let mut all_slippage = route("route_v2");
    all_slippage.data[24..26].copy_from_slice(&10_000_u16.to_le_bytes());
    assert_eq!(refusal(&[all_slippage]), DecodeErrorKind::UnboundedTrade);
    let mut no_maximum = route("exact_out_route_v2");
    no_maximum.data[16..24].fill(0xff);
    assert_eq!(refusal(&[no_maximum]), DecodeErrorKind::UnboundedTrade);
}

#[test]
fn a_newer_exchange_ends_a_plan_only_where_nothing_follows_it() {
    let mut old = route("route");
    old.data[12] = 151;
    assert_eq!(refusal(&[old]), DecodeErrorKind::WrongData);
    let mut new = route("route_v2");
    let at = new.data.len() - 5;
    new.data[at] = 184;
    new.data.extend([1, 2, 3]);
    assert!(effects(&[new]).is_ok());
}

#[test]
fn integrator_fees_are_shown_and_taken_off_the_minimum() {
    let mut step = route("route");
    *step.data.last_mut().unwrap() = 100;
    step.accounts[6] = writes(pool(2));
    match &effects(&[step]).unwrap()[..] {
        [Effect::Swap(swap)] => {
            assert_eq!(swap.platform_fee_bps, 100);
            assert_eq!(swap.fee_account, Some(pool(2)));
            assert_eq!(swap.receive_min, Amount::from_base(1_970));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_source_whose_mint_is_named_nowhere_needs_a_hint() {
    let mint = Address::new([0x44; 32]);
    let mut step = route("route");
    step.accounts[2] = writes(ata(WALLET, mint));
    assert_eq!(refusal(&[step.clone()]), DecodeErrorKind::UnprovenAccount);
    let mints = [MINT, mint];
    let hinted = Context {
        mints: &mints,
        ..Context::new(WALLET)
    };
    let spent =
        |step: &Step, context: &Context<'_>| match &effects_in(std::slice::from_ref(step), context)
            .unwrap()[..]
        {
            [Effect::Swap(swap)] => swap.spend,
            other => panic!("{other:?}"),
        };
    assert_eq!(spent(&step, &hinted), Asset::Token(mint));
    step.accounts[2] = writes(pool(4));
    let accounts = [RegisteredAccount {
        account: pool(4),
        mint: WRAPPED_SOL_MINT,
    }];
    let registered = Context {
        accounts: &accounts,
        ..Context::new(WALLET)
    };
    assert_eq!(spent(&step, &registered), Asset::Sol);
}

#[test]
fn a_trade_from_an_account_into_itself_is_refused() {
    let mut step = route("route");
    step.accounts[2] = writes(ata(WALLET, MINT));
    assert_eq!(refusal(&[step]), DecodeErrorKind::WrongAccounts);
}

#[test]
fn other_instructions_are_refused_by_name() {
    for (discriminator, name, _) in super::REFUSED {
        let steps = [step(ID, vec![], discriminator.to_be_bytes().to_vec())];
        let error = effects(&steps).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::Forbidden);
        assert!(error.to_string().contains(name), "{error}");
    }
    let unknown = [step(ID, vec![], vec![1, 2, 3, 4, 5, 6, 7, 8])];
    assert_eq!(refusal(&unknown), DecodeErrorKind::UnknownInstruction);
    let short = [step(ID, vec![], vec![1])];
    assert_eq!(refusal(&short), DecodeErrorKind::UnknownInstruction);
}

fn plain() -> impl Iterator<Item = &'static str> {
    ROUTES
        .iter()
        .filter(|route| !route.shared)
        .map(|route| route.name)
}

fn exposed(effects: &[Effect]) -> u16 {
    match effects.last() {
        Some(Effect::Swap(swap)) => swap.exposed_accounts,
        other => panic!("expected a swap, got {other:?}"),
    }
}

/// What a plain route exposes when these accounts follow the named ones.
fn exposed_with(name: &str, further: &[Use]) -> u16 {
    let mut step = route(name);
    step.accounts.extend_from_slice(further);
    let mints = [STRANGER];
    let registered = [RegisteredAccount {
        account: pool(9),
        mint: STRANGER,
    }];
    let context = Context {
        mints: &mints,
        accounts: &registered,
        ..Context::new(WALLET)
    };
    exposed(&effects_in(&[step], &context).unwrap())
}

#[test]
fn accounts_of_the_wallet_within_reach_of_a_plan_are_counted() {
    let own = |mint| writes(ata(WALLET, mint));
    for name in plain() {
        for (further, expected) in [
            (vec![], 0),
            (vec![own(WRAPPED_SOL_MINT)], 1),
            (vec![own(WRAPPED_SOL_MINT), own(WRAPPED_SOL_MINT)], 1),
            (vec![own(WRAPPED_SOL_MINT), own(STRANGER)], 2),
            (vec![own(pool(3)), reads(pool(3))], 1),
            (vec![writes(pool(9))], 1),
            // The trade's own, what cannot be spent from, and what is somebody else's.
            (vec![own(usdc()), own(MINT)], 0),
            (vec![reads(ata(WALLET, WRAPPED_SOL_MINT))], 0),
            (
                vec![writes(ata(STRANGER, WRAPPED_SOL_MINT)), writes(pool(8))],
                0,
            ),
        ] {
            assert_eq!(exposed_with(name, &further), expected, "{name} {further:?}");
        }
    }
}

#[test]
fn an_account_that_is_registered_no_more_is_within_reach_and_takes_no_proceeds() {
    let former = [pool(9)];
    let context = Context {
        former_accounts: &former,
        ..Context::new(WALLET)
    };
    for name in plain() {
        let mut step = route(name);
        step.accounts.push(writes(pool(9)));
        assert_eq!(
            exposed(&effects_in(&[step], &context).unwrap()),
            1,
            "{name}"
        );
    }
    let mut step = route("route");
    step.accounts[2] = writes(pool(9));
    let error = effects_in(&[step], &context).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::UnprovenAccount);
}

#[test]
fn an_account_opened_by_the_message_is_within_reach_too() {
    for name in plain() {
        let mut step = route(name);
        step.accounts.push(writes(ata(WALLET, pool(4))));
        let effects = effects(&[open(WALLET, pool(4)), step]).unwrap();
        assert_eq!(exposed(&effects), 1, "{name}");
    }
}

#[test]
fn an_account_that_a_table_hides_may_be_the_wallets() {
    for name in plain() {
        let mut step = route(name);
        step.accounts.extend([writes(pool(4)), reads(pool(5))]);
        let context = Context::new(WALLET);
        let hiding = |hidden: &[Address]| {
            exposed(&effects_hiding(std::slice::from_ref(&step), hidden, &context).unwrap())
        };
        assert_eq!(hiding(&[pool(5)]), 0, "{name}");
        assert_eq!(hiding(&[pool(4), pool(5)]), 1, "{name}");
    }
}

#[test]
fn sol_is_within_reach_where_the_wallet_and_system_are() {
    for name in plain() {
        let system = reads(ids::SYSTEM);
        assert_eq!(exposed_with(name, &[signs(WALLET), system]), 1, "{name}");
        assert_eq!(exposed_with(name, &[signs(WALLET)]), 0, "{name}");
        assert_eq!(exposed_with(name, &[system]), 0, "{name}");
    }
}

#[test]
fn stake_is_within_reach_where_the_wallet_and_the_stake_program_are() {
    for name in plain() {
        let stake = [writes(pool(30)), reads(ids::STAKE)];
        let signed = [writes(pool(30)), reads(ids::STAKE), signs(WALLET)];
        assert_eq!(exposed_with(name, &signed), 1, "{name}");
        assert_eq!(exposed_with(name, &stake), 0, "{name}");
    }
}

#[test]
fn hiding_an_account_never_lowers_what_is_within_reach() {
    let mints = [STRANGER];
    let context = Context {
        mints: &mints,
        ..Context::new(WALLET)
    };
    let reach = [
        signs(WALLET),
        writes(ata(WALLET, STRANGER)),
        writes(ata(WALLET, WRAPPED_SOL_MINT)),
        writes(pool(30)),
        reads(ids::STAKE),
        reads(ids::SYSTEM),
        reads(ids::TOKEN_2022),
    ];
    for name in plain() {
        let mut step = route(name);
        step.accounts.extend(reach);
        let step = std::slice::from_ref(&step);
        let named = exposed(&effects_in(step, &context).unwrap());
        assert_eq!(named, 4, "{name}");
        for hidden in &reach[1..] {
            let hiding = effects_hiding(step, &[hidden.key()], &context).unwrap();
            assert!(exposed(&hiding) >= named, "{name} {hidden:?}");
        }
    }
}

#[test]
fn the_wallets_main_accounts_are_within_reach_beside_other_ones() {
    let accounts = [
        RegisteredAccount {
            account: pool(40),
            mint: usdc(),
        },
        RegisteredAccount {
            account: pool(41),
            mint: MINT,
        },
    ];
    let context = Context {
        accounts: &accounts,
        ..Context::new(WALLET)
    };
    for layout in ROUTES.iter().filter(|route| !route.shared) {
        let mut step = route(layout.name);
        step.accounts[layout.slots.source] = writes(pool(40));
        step.accounts[layout.slots.destination] = writes(pool(41));
        let main = [writes(ata(WALLET, usdc())), writes(ata(WALLET, MINT))];
        step.accounts.extend(main);
        let effects = effects_in(&[step], &context).unwrap();
        assert_eq!(exposed(&effects), 2, "{}", layout.name);
    }
}

#[test]
fn a_later_step_could_spend_from_the_source_again() {
    for (name, v2) in [("route", false), ("route_v2", true)] {
        let mut step = route(name);
        let at = step.data.windows(4).position(|bytes| bytes == [1, 0, 0, 0]);
        let at = at.unwrap();
        let further = plan(7, v2)[4..].to_vec();
        step.data[at] = 2;
        step.data.splice(at + 4..at + 4, further);
        assert_eq!(exposed(&effects(&[step]).unwrap()), 1, "{name}");
    }
}

#[test]
fn routes_through_shared_accounts_expose_nothing() {
    for layout in ROUTES.iter().filter(|route| route.shared) {
        let further = [writes(ata(WALLET, WRAPPED_SOL_MINT)), reads(ids::SYSTEM)];
        assert_eq!(exposed_with(layout.name, &further), 0, "{}", layout.name);
    }
}
