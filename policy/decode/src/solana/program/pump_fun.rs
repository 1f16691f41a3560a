//! pump.fun bonding curves: the legacy, v2 and v3 trades, all of which stay enabled.
//!
//! A coin paired with SOL moves the wallet's own lamports, whatever the quote account is.

use countersign_intent::{Address, Effect, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR, Refused};
use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side, Terms};
use super::super::walk::Walk;

pub(super) const ID: Address = Address::from_literal("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P");
pub(super) const SLUG: &str = "pump-fun";

/// Which interface an instruction belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interface {
    Legacy,
    V2,
    V3,
}

struct Trade {
    layout: Layout,
    interface: Interface,
    buys: bool,
    /// The volume accumulator that the wallet pays for if it is missing.
    accumulator: Option<usize>,
}

const LEGACY: Side = Side::Token(5, MintFrom::Slot(2));

const fn legacy(name: &'static str, discriminator: u64, buys: bool, amounts: Amounts) -> Trade {
    let (spend, receive) = if buys {
        (Side::Native, LEGACY)
    } else {
        (LEGACY, Side::Native)
    };
    Trade {
        layout: Layout {
            name,
            discriminator,
            // Accounts came with the years; the last two of each may be absent or further.
            slots: 12..=18,
            wallet: 6,
            spend,
            receive,
            amounts,
        },
        interface: Interface::Legacy,
        buys,
        accumulator: if buys { Some(13) } else { None },
    }
}

const fn quoted(
    name: &'static str,
    discriminator: u64,
    interface: Interface,
    buys: bool,
    amounts: Amounts,
) -> Trade {
    let (count, wallet, base, quote, accumulator) = match interface {
        Interface::Legacy | Interface::V2 if buys => (27, 13, 14, 15, Some(20)),
        Interface::Legacy | Interface::V2 => (26, 13, 14, 15, None),
        Interface::V3 => (17, 8, 9, 10, Some(11)),
    };
    let base = Side::Token(base, MintFrom::Slot(1));
    let quote = Side::Token(quote, MintFrom::Slot(2));
    let (spend, receive) = if buys { (quote, base) } else { (base, quote) };
    Trade {
        layout: Layout {
            name,
            discriminator,
            slots: count..=count,
            wallet,
            spend,
            receive,
            amounts,
        },
        interface,
        buys,
        accumulator,
    }
}

const TRADES: [Trade; 9] = {
    use Amounts::{InThenMinimum, OutThenMaximum};
    use Interface::{V2, V3};
    [
        legacy("buy", 0x6606_3d12_01da_ebea, true, OutThenMaximum),
        legacy(
            "buy_exact_sol_in",
            0x38fc_7408_9edf_cd5f,
            true,
            InThenMinimum,
        ),
        legacy("sell", 0x33e6_85a4_017f_83ad, false, InThenMinimum),
        quoted("buy_v2", 0xb817_ee61_67c5_d33d, V2, true, OutThenMaximum),
        quoted(
            "buy_exact_quote_in_v2",
            0xc2ab_1c46_684d_5b2f,
            V2,
            true,
            InThenMinimum,
        ),
        quoted("sell_v2", 0x5df6_823c_e7e9_40b2, V2, false, InThenMinimum),
        quoted("buy_v3", 0x0705_1dc4_f517_6550, V3, true, OutThenMaximum),
        quoted(
            "buy_exact_quote_in_v3",
            0xe1f7_501e_d5b3_8488,
            V3,
            true,
            InThenMinimum,
        ),
        quoted("sell_v3", 0x1c92_de77_26c4_69d5, V3, false, InThenMinimum),
    ]
};

const CREATES: &str = "creates or administers a coin; a trading wallet only buys and sells";
const REFUSED: [Refused; 7] = [
    (0x181e_c828_051c_0777, "create", CREATES),
    (0xd690_4cec_5f8b_31b4, "create_v2", CREATES),
    (0xbbcb_121f_ceed_fe29, "migrate_v2", CREATES),
    (0xea66_c2cb_9648_3ee5, "extend_account", CREATES),
    (
        0x5e06_ca73_ff60_e8b7,
        "init_user_volume_accumulator",
        "a trade opens it when it needs it",
    ),
    (
        0x7af3_cc41_5e74_1d37,
        "claim_cashback_v2",
        "pays out to an account that is not checked here",
    ),
    (
        0x561f_c057_a357_4fee,
        "sync_user_volume_accumulator",
        "does nothing a trade needs",
    ),
];

const CLAIM_CASHBACK: u64 = 0x253a_237e_be35_e4c5;
const CLOSE_ACCUMULATOR: u64 = 0xf945_a4da_9667_548a;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let discriminator = anchor::discriminator(call);
    match discriminator {
        Some(CLAIM_CASHBACK) => reclaim(walk, call, "claim_cashback", 5),
        Some(CLOSE_ACCUMULATOR) => reclaim(walk, call, "close_user_volume_accumulator", 4),
        Some(_) | None => {
            let known = TRADES
                .iter()
                .find(|trade| Some(trade.layout.discriminator) == discriminator);
            match known {
                Some(trade) => trade.decode(walk, call),
                None => Err(anchor::refuse(call, &REFUSED)),
            }
        }
    }
}

impl Trade {
    fn decode(&self, walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
        let layout = Layout::find(call, std::slice::from_ref(&self.layout), &[])?;
        let (bounds, flag) = call.args(DISCRIMINATOR, |args| {
            let bounds = layout.amounts.read(args)?;
            let flag = self.buys && anchor::trailing_flag(args, "the last flag")?;
            Ok((bounds, flag))
        })?;
        // On legacy buys the flag asks for volume tracking.
        if flag && self.interface != Interface::Legacy {
            return Err(call.refuse(
                DecodeErrorKind::UnboundedTrade,
                "a partial fill skips the least amount received; leave the flag out",
            ));
        }
        let sides = (
            self.native_if_sol(walk, call, layout.spend)?,
            self.native_if_sol(walk, call, layout.receive)?,
        );
        walk.trade(call, SLUG, sides, bounds, Terms::default())?;
        self.deposit(walk, call)?;
        let native = matches!(sides, (Side::Native, _) | (_, Side::Native));
        let others = self.rent_of_others(walk, call, native)?;
        walk.deposit(ID, others);
        Ok(())
    }

    fn native_if_sol(
        &self,
        walk: &mut Walk<'_>,
        call: &Call<'_>,
        side: Side,
    ) -> Result<Side, DecodeError> {
        let Side::Token(account, MintFrom::Slot(2)) = side else {
            return Ok(side);
        };
        if self.interface == Interface::Legacy {
            return Ok(side);
        }
        let native = match call.account(2)?.key {
            Some(quote) => quote == WRAPPED_SOL_MINT,
            // The program moves SOL for wrapped SOL and never looks at the quote account then, so
            // another account there would misstate what is spent.
            None => {
                let account = call.account(account)?;
                if !walk.is_own(call, &account, WRAPPED_SOL_MINT)? {
                    call.key(2)?;
                }
                true
            }
        };
        Ok(if native { Side::Native } else { side })
    }

    fn deposit(&self, walk: &mut Walk<'_>, call: &Call<'_>) -> Result<(), DecodeError> {
        if let Some(slot) = self.accumulator.filter(|slot| *slot < call.slot_count()) {
            walk.deposit(call.key(slot)?, walk.context.costs.pump_accumulator_rent);
        }
        Ok(())
    }

    /// The most that a trade pays for accounts of the exchange and of the coin's creator, where
    /// it is the first to need them ("SOL cost" in pump.fun's description of the instructions).
    /// Of a coin that is paired with SOL they are no token accounts.
    fn rent_of_others(
        &self,
        walk: &Walk<'_>,
        call: &Call<'_>,
        native: bool,
    ) -> Result<u64, DecodeError> {
        let costs = &walk.context.costs;
        let curve = costs.pump_curve_top_up;
        if self.interface == Interface::V3 {
            return Ok(curve);
        }
        let mut rent = curve.saturating_add(costs.pump_vault_rent);
        if self.interface == Interface::V2 {
            if !self.buys {
                rent = rent.saturating_add(costs.pump_accumulator_rent);
            }
            if !native {
                rent = rent.saturating_add(token_rent(walk, call, 4)?.saturating_mul(3));
            }
        }
        Ok(rent)
    }
}

/// The rent of a token account under the program in a slot, the larger where it is not known.
pub(super) fn token_rent(
    walk: &Walk<'_>,
    call: &Call<'_>,
    slot: usize,
) -> Result<u64, DecodeError> {
    let program = call
        .account(slot)?
        .key
        .and_then(|key| TokenProgram::by_id(&key));
    Ok(walk.token_rent(program.unwrap_or(TokenProgram::Token2022)))
}

/// Slots: wallet, accumulator; what the accumulator holds comes back to the wallet.
fn reclaim(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    name: &'static str,
    slots: usize,
) -> Result<(), DecodeError> {
    call.named(name);
    call.expect_slots(slots..=slots)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(0, "the owner")?;
    let account = call.key(1)?;
    walk.push(Effect::Reclaim {
        account,
        amount: None,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::context::Context;
    use super::super::super::draft::{
        STRANGER, WALLET, ata, effects, effects_hiding, effects_in, pays, pool, reads, refusal,
        signs, step, writes,
    };
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use countersign_intent::Asset;

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
                reads(pool(2)),
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
                    (all, all + 3 * 2_248_080)
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
}
