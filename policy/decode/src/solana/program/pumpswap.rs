//! PumpSwap, pump.fun's pools after migration. Base and quote may be reversed, so the mint
//! slots say what is spent.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::anchor::{self, Refused};
use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side};
use super::super::walk::Walk;
use super::pump_fun::{token_rent, upkeep};

pub(super) const ID: Address = Address::from_literal("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA");
pub(super) const SLUG: &str = "pumpswap";

struct Trade {
    layout: Layout,
    /// Whether a volume-tracking flag may end the data.
    flag: bool,
    /// The volume accumulator that the wallet pays for if it is missing.
    accumulator: Option<usize>,
    /// Whether it belongs to the second interface, which opens nothing else.
    second: bool,
    /// How many accounts the interface names.
    named: usize,
}

const BASE: Side = Side::Token(5, MintFrom::Slot(3));
const QUOTE: Side = Side::Token(6, MintFrom::Slot(4));

const fn layout(name: &'static str, discriminator: u64, buys: bool, amounts: Amounts) -> Layout {
    let (spend, receive) = if buys { (QUOTE, BASE) } else { (BASE, QUOTE) };
    Layout {
        name,
        discriminator,
        slots: 17..=27,
        wallet: 1,
        spend,
        receive,
        amounts,
    }
}

const fn v1(layout: Layout, buys: bool) -> Trade {
    Trade {
        layout,
        flag: buys,
        accumulator: if buys { Some(20) } else { None },
        second: false,
        named: if buys { 23 } else { 21 },
    }
}

const fn v2(layout: Layout) -> Trade {
    Trade {
        layout: Layout {
            slots: 17..=17,
            ..layout
        },
        flag: false,
        accumulator: Some(12),
        second: true,
        named: 17,
    }
}

const TRADES: [Trade; 6] = {
    use Amounts::{InThenMinimum, OutThenMaximum};
    [
        v1(
            layout("buy", 0x6606_3d12_01da_ebea, true, OutThenMaximum),
            true,
        ),
        v1(
            layout(
                "buy_exact_quote_in",
                0xc62e_1552_b4d9_e870,
                true,
                InThenMinimum,
            ),
            true,
        ),
        v1(
            layout("sell", 0x33e6_85a4_017f_83ad, false, InThenMinimum),
            false,
        ),
        v2(layout(
            "buy_v2",
            0xb817_ee61_67c5_d33d,
            true,
            OutThenMaximum,
        )),
        v2(layout(
            "buy_exact_quote_in_v2",
            0xc2ab_1c46_684d_5b2f,
            true,
            InThenMinimum,
        )),
        v2(layout(
            "sell_v2",
            0x5df6_823c_e7e9_40b2,
            false,
            InThenMinimum,
        )),
    ]
};

const MULTI_HOP: Layout = Layout {
    name: "multi_hop_swap",
    discriminator: 0x2b64_4913_e9f6_6f94,
    // The named accounts, then five for each hop.
    slots: 21..=64,
    wallet: 0,
    spend: Side::Token(1, MintFrom::Nowhere),
    receive: Side::Token(2, MintFrom::Nowhere),
    amounts: Amounts::InThenMinimum,
};

const POOLS: &str = "provides liquidity or administers a pool; a trading wallet only swaps";
const REFUSED: [Refused; 3] = [
    (
        0x6944_06af_0007_23a2,
        "boost_buy_and_burn",
        "destroys what it buys",
    ),
    (0xf223_c689_52e1_f2b6, "deposit", POOLS),
    (0xb712_469c_946d_a122, "withdraw", POOLS),
];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let discriminator = anchor::discriminator(call);
    match discriminator {
        Some(upkeep::EXTEND_ACCOUNT) => return upkeep::extend_account(walk, call, ID),
        Some(upkeep::INIT_ACCUMULATOR) => return upkeep::init_accumulator(walk, call, ID),
        Some(known) if known == MULTI_HOP.discriminator => return multi_hop(walk, call),
        Some(_) | None => {}
    }
    let known = TRADES
        .iter()
        .find(|trade| Some(trade.layout.discriminator) == discriminator);
    let trade = known.ok_or_else(|| anchor::refuse(call, &REFUSED))?;
    let layouts = std::slice::from_ref(&trade.layout);
    Layout::trade(walk, call, SLUG, layouts, &[], |args| {
        if trade.flag {
            anchor::trailing_flag(args, "track_volume")?;
        }
        Ok(())
    })?;
    if let Some(slot) = trade.accumulator.filter(|slot| *slot < call.slot_count()) {
        walk.deposit(call.key(slot)?, walk.context.costs.pump_accumulator_rent);
    }
    let others = trade.rent_of_others(walk, call)?;
    walk.deposit(ID, others);
    Ok(())
}

/// Slots: wallet, its two accounts, two configurations, the accumulator that the wallet pays for if
/// it is missing.
fn multi_hop(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Layout::trade(walk, call, SLUG, &[MULTI_HOP], &[], |_| Ok(()))?;
    walk.deposit(call.key(5)?, walk.context.costs.pump_accumulator_rent);
    Ok(())
}

impl Trade {
    /// The most that a trade pays for token accounts of the exchange, of the coin's creator and,
    /// where it is named after the others, of the trader's cashback: where it is the first to
    /// need them.
    fn rent_of_others(&self, walk: &Walk<'_>, call: &Call<'_>) -> Result<u64, DecodeError> {
        if self.second {
            return Ok(0);
        }
        let cashback = call.slot_count() > self.named;
        let accounts = 2 + u64::from(cashback);
        Ok(token_rent(walk, call, 12)?.saturating_mul(accounts))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        WALLET, ata, effects, pays, reads, refusal, signs, step, writes,
    };
    use super::super::super::ids;
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use crate::DecodeErrorKind;
    use countersign_intent::solana::Detail as Effect;

    #[test]
    fn every_trade_is_bounded_and_the_wallets() {
        for trade in &TRADES {
            let layout = &trade.layout;
            let buys = layout.name.starts_with("buy");
            let (first, second) = match layout.amounts {
                Amounts::OutThenMaximum => (2_000, 1_000),
                Amounts::InThenMinimum | Amounts::MaximumThenOut => (1_000, 2_000),
            };
            let (base, quote) = if buys {
                (RECEIVED, SPENT)
            } else {
                (SPENT, RECEIVED)
            };
            let given = [
                (1, pays(WALLET)),
                (3, reads(base)),
                (4, reads(quote)),
                (5, writes(ata(WALLET, base))),
                (6, writes(ata(WALLET, quote))),
            ];
            let count = (*layout.slots.end()).min(23);
            let data = two_amounts(&layout.discriminator.to_be_bytes(), first, second);
            Case {
                step: instruction(ID, count, &given, data),
                slug: SLUG,
                wallet: 1,
                source: Some(if buys { 6 } else { 5 }),
                destination: Some(if buys { 5 } else { 6 }),
                pool: 16,
            }
            .check();
        }
    }

    #[test]
    fn hops_end_where_they_may() {
        let given = [
            (0, pays(WALLET)),
            (1, writes(ata(WALLET, SPENT))),
            (2, writes(ata(WALLET, RECEIVED))),
        ];
        let data = two_amounts(&MULTI_HOP.discriminator.to_be_bytes(), 1_000, 2_000);
        Case {
            step: instruction(ID, 26, &given, data),
            slug: SLUG,
            wallet: 0,
            source: Some(1),
            destination: Some(2),
            pool: 25,
        }
        .check();
    }

    #[test]
    fn pools_are_not_administered() {
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
    fn token_accounts_that_a_trade_opens_for_others_are_counted() {
        for (trade, accounts, others) in [
            (&TRADES[0], 23, 2),
            (&TRADES[0], 24, 3),
            (&TRADES[2], 21, 2),
            (&TRADES[2], 22, 3),
            (&TRADES[3], 17, 0),
            (&TRADES[5], 17, 0),
        ] {
            for (program, rent) in [(ids::TOKEN, 2_039_280), (ids::TOKEN_2022, 2_248_080)] {
                let given = [
                    (1, pays(WALLET)),
                    (3, reads(SPENT)),
                    (4, reads(RECEIVED)),
                    (5, writes(ata(WALLET, SPENT))),
                    (6, writes(ata(WALLET, RECEIVED))),
                    (12, reads(program)),
                ];
                let discriminator = trade.layout.discriminator.to_be_bytes();
                let step = instruction(ID, accounts, &given, two_amounts(&discriminator, 5, 6));
                let paid: u128 = effects(&[step])
                    .unwrap()
                    .into_iter()
                    .filter_map(|effect| match effect {
                        Effect::RentDeposit { account, amount } if account == ID => {
                            Some(amount.base())
                        }
                        _ => None,
                    })
                    .sum();
                assert_eq!(paid, rent * others, "{}", trade.layout.name);
            }
        }
    }
}
