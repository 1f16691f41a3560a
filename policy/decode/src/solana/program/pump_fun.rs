//! pump.fun bonding curves: the legacy, v2 and v3 trades, all of which stay enabled.
//!
//! A coin paired with SOL moves the wallet's own lamports, whatever the quote account is.

mod launch;
pub(super) mod upkeep;

use countersign_intent::solana::{Address, WRAPPED_SOL_MINT};

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

const REFUSED: [Refused; 3] = [
    (
        0xbbcb_121f_ceed_fe29,
        "migrate_v2",
        "administers a coin, which a wallet that trades has no need of",
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
        Some(CLAIM_CASHBACK) => upkeep::reclaim(walk, call, "claim_cashback", 5),
        Some(CLOSE_ACCUMULATOR) => upkeep::reclaim(walk, call, "close_user_volume_accumulator", 4),
        Some(launch::CREATE) => launch::create(walk, call),
        Some(launch::CREATE_V2) => launch::create_v2(walk, call),
        Some(upkeep::EXTEND_ACCOUNT) => upkeep::extend_account(walk, call, ID),
        Some(upkeep::INIT_ACCUMULATOR) => upkeep::init_accumulator(walk, call, ID),
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
                let quote = call.account(account)?;
                if !walk.is_own(call, &quote, WRAPPED_SOL_MINT)? {
                    call.key(2)?;
                }
                true
            }
        };
        if native {
            walk.facts.expect_own(account);
        }
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

#[cfg(test)]
mod tests;
