use super::super::super::context::Context;
use super::super::super::draft::{
    STRANGER, WALLET, ata, effects, effects_hiding, effects_in, pays, pool, reads, refusal, signs,
    step, writes,
};
use super::super::super::ids;
use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
use super::*;
use countersign_intent::solana::{Asset, Detail as Effect};

fn amounts(trade: &Trade) -> Vec<u8> {
    let (first, second) = match trade.layout.amounts {
        Amounts::OutThenMaximum => (2_000, 1_000),
        Amounts::InThenMinimum | Amounts::MaximumThenOut => (1_000, 2_000),
    };
    two_amounts(&trade.layout.discriminator.to_be_bytes(), first, second)
}

fn legacy_case(trade: &Trade) -> Case {
    let mint = if trade.buys { RECEIVED } else { SPENT };
    let given = [
        (2, reads(mint)),
        (5, writes(ata(WALLET, mint))),
        (6, pays(WALLET)),
    ];
    Case {
        step: instruction(ID, 16, &given, amounts(trade)),
        slug: SLUG,
        wallet: 6,
        source: (!trade.buys).then_some(5),
        destination: trade.buys.then_some(5),
        pool: 3,
    }
}

/// A trade of a coin that is paired with `quote`.
fn quoted_case(trade: &Trade, sol: bool) -> Case {
    let count = *trade.layout.slots.start();
    let wallet = trade.layout.wallet;
    let (base, other) = if trade.buys {
        (RECEIVED, SPENT)
    } else {
        (SPENT, RECEIVED)
    };
    let quote = if sol { WRAPPED_SOL_MINT } else { other };
    let given = [
        (1, reads(base)),
        (2, reads(quote)),
        (wallet, pays(WALLET)),
        (wallet + 1, writes(ata(WALLET, base))),
        (wallet + 2, writes(ata(WALLET, quote))),
    ];
    let quote_slot = (!sol).then_some(wallet + 2);
    Case {
        step: instruction(ID, count, &given, amounts(trade)),
        slug: SLUG,
        wallet,
        source: if trade.buys {
            quote_slot
        } else {
            Some(wallet + 1)
        },
        destination: if trade.buys {
            Some(wallet + 1)
        } else {
            quote_slot
        },
        pool: 6,
    }
}

#[test]
fn every_trade_is_bounded_and_the_wallets() {
    for trade in &TRADES {
        if trade.interface == Interface::Legacy {
            legacy_case(trade).check();
        } else {
            quoted_case(trade, true).check();
            quoted_case(trade, false).check();
        }
    }
}

#[test]
fn what_a_hidden_quote_mint_spends_is_told_only_of_sol() {
    let context = Context {
        mints: &[SPENT, RECEIVED],
        ..Context::new(WALLET)
    };
    for trade in TRADES
        .iter()
        .filter(|trade| trade.interface != Interface::Legacy)
    {
        let sol = effects_hiding(
            &[quoted_case(trade, true).step],
            &[WRAPPED_SOL_MINT],
            &context,
        );
        assert!(
            matches!(&sol.unwrap()[0], Effect::Swap(swap) if [swap.spend, swap.receive].contains(&Asset::Sol))
        );
        let quote = if trade.buys { SPENT } else { RECEIVED };
        let other = effects_hiding(&[quoted_case(trade, false).step], &[quote], &context);
        assert_eq!(
            other.unwrap_err().kind(),
            DecodeErrorKind::UnresolvedAccount
        );
    }
}

#[test]
fn a_buy_counts_the_rent_it_may_cost() {
    for trade in TRADES.iter().filter(|trade| trade.buys) {
        let case = if trade.interface == Interface::Legacy {
            legacy_case(trade)
        } else {
            quoted_case(trade, true)
        };
        let rents = effects(&[case.step]).unwrap().into_iter().filter(|effect| {
                matches!(effect, Effect::RentDeposit { amount, .. } if amount.base() == 1_844_400)
            });
        assert_eq!(rents.count(), 1, "{}", trade.layout.name);
    }
}

#[test]
fn a_partial_fill_is_refused() {
    for trade in TRADES.iter().filter(|trade| trade.buys) {
        let legacy = trade.interface == Interface::Legacy;
        let mut case = if legacy {
            legacy_case(trade)
        } else {
            quoted_case(trade, true)
        };
        case.step.data.push(0);
        assert!(effects(&[case.step.clone()]).is_ok());
        *case.step.data.last_mut().unwrap() = 1;
        let outcome = effects(&[case.step]).map_err(|error| error.kind());
        if legacy {
            assert!(outcome.is_ok(), "there the flag tracks volume");
        } else {
            assert_eq!(outcome, Err(DecodeErrorKind::UnboundedTrade));
        }
    }
}

#[test]
fn coins_are_not_created() {
    for (discriminator, ..) in REFUSED {
        let other = step(
            ID,
            vec![signs(WALLET)],
            discriminator.to_be_bytes().to_vec(),
        );
        assert_eq!(refusal(&[other]), DecodeErrorKind::Forbidden);
    }
}

#[test]
fn cashback_comes_back_to_the_wallet_only() {
    let claim = |who, data: u64| {
        let accounts = vec![
            signs(who),
            writes(pool(1)),
            reads(ids::SYSTEM),
            reads(pool(3)),
            reads(ID),
        ];
        step(ID, accounts, data.to_be_bytes().to_vec())
    };
    assert!(matches!(
        effects(&[claim(WALLET, CLAIM_CASHBACK)]).unwrap()[..],
        [Effect::Reclaim { .. }]
    ));
    assert_eq!(
        refusal(&[claim(STRANGER, CLAIM_CASHBACK)]),
        DecodeErrorKind::WrongAccounts
    );
}

#[test]
fn rent_that_a_trade_pays_for_others_is_counted() {
    let of = |step| -> u64 {
        let context = Context {
            mints: &[SPENT, RECEIVED],
            ..Context::new(WALLET)
        };
        let effects = effects_in(&[step], &context).unwrap();
        let deposits = effects.into_iter().map(|effect| match effect {
            Effect::RentDeposit { amount, .. } => u64::try_from(amount.base()).unwrap(),
            _ => 0,
        });
        deposits.sum()
    };
    let (vault, curve, accumulator) = (890_880, 459_360, 1_844_400);
    for trade in &TRADES {
        let name = trade.layout.name;
        let (sol, token) = match trade.interface {
            Interface::Legacy if trade.buys => {
                let all = vault + curve + accumulator;
                (all, all)
            }
            Interface::Legacy => (vault + curve, vault + curve),
            Interface::V2 => {
                let all = vault + curve + accumulator;
                (all, all + 3 * 2_039_280)
            }
            Interface::V3 => (curve + accumulator, curve + accumulator),
        };
        if trade.interface == Interface::Legacy {
            assert_eq!(of(legacy_case(trade).step), sol, "{name}");
            continue;
        }
        assert_eq!(of(quoted_case(trade, true).step), sol, "{name}");
        assert_eq!(of(quoted_case(trade, false).step), token, "{name}");
    }
}
