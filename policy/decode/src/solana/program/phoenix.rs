//! Phoenix v1 order books. Amounts are in lots, whose size only the market account shows, so
//! the market must be registered.
//!
//! The taker's fee is within both bounds. Phoenix (`state/markets/fifo.rs`) takes it in quote lots: of
//! a bid it is part of what the budget may spend, of an ask it is subtracted from what was matched
//! before that is held against the least that must be filled.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::flag;
use super::super::call::Call;
use super::super::context::Market;
use super::super::order_book::{Slots, Taken};
use super::super::swap::Bounds;
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const ID: Address = Address::from_literal("PhoeNiXZ8ByJGLkxNfZRnkUfjvmuYqLR89jjFHGqdXY");
pub(super) const SLUG: &str = "phoenix";
const IMMEDIATE_OR_CANCEL: u8 = 2;

const SLOTS: Slots = Slots {
    market: 2,
    base: 4,
    quote: 5,
};

/// An immediate-or-cancel order, in lots.
struct Order {
    bid: bool,
    base: u64,
    quote: u64,
    min_base: u64,
    min_quote: u64,
    from_deposits: bool,
}

/// Slots: Phoenix, log authority, market, trader, base account, quote account, two vaults, token
/// program.
pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let name = match call.data().first() {
        Some(0) => "Swap",
        Some(1..=17) => {
            return Err(call
                .forbid("places, changes or cancels resting orders; a trading wallet only swaps"));
        }
        Some(_) | None => {
            return Err(call.refuse(DecodeErrorKind::UnknownInstruction, "expected Swap (`00`)"));
        }
    };
    call.named(name);
    call.expect_slots(9..=9)?;
    call.wallet(3, "the trader")?;
    let order = call.args(1, Order::read)?;
    if order.from_deposits {
        return Err(call.forbid("trades funds on deposit, which the message does not show"));
    }
    walk.take(call, SLUG, SLOTS, |market| order.taken(call, market))
}

impl Order {
    fn taken(&self, call: &Call<'_>, market: &Market) -> Result<Taken, DecodeError> {
        let lots = |lots: u64, size: u64| lots.saturating_mul(size);
        let (bounds, clean) = if self.bid {
            let spend = lots(self.quote, market.quote_lot);
            let bounds = Bounds::exact_in(spend, lots(self.min_base, market.base_lot));
            (bounds, self.quote > 0 && self.base == 0)
        } else {
            let spend = lots(self.base, market.base_lot);
            let bounds = Bounds::exact_in(spend, lots(self.min_quote, market.quote_lot));
            (bounds, self.base > 0 && self.quote == 0)
        };
        if !clean {
            return Err(call.refuse(
                DecodeErrorKind::UnboundedTrade,
                "the amount spent is not the one the order states; state it, and leave the other 0",
            ));
        }
        Ok(Taken {
            bid: self.bid,
            bounds,
        })
    }

    fn read(args: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let at = args.position();
        let kind = args.u8("order kind")?;
        if kind != IMMEDIATE_OR_CANCEL {
            return Err(DecodeError::malformed(
                at,
                format!("expected an immediate-or-cancel order (2), got kind {kind}"),
            ));
        }
        let bid = !flag(args, "side")?;
        maybe_u64(args, "price")?;
        let (base, quote) = (args.u64("base lots")?, args.u64("quote lots")?);
        let (min_base, min_quote) = (args.u64("least base")?, args.u64("least quote")?);
        args.u8("self-trade behaviour")?;
        maybe_u64(args, "match limit")?;
        args.array::<16>("client order id")?;
        let from_deposits = flag(args, "use_only_deposited_funds")?;
        maybe_u64(args, "last valid slot")?;
        maybe_u64(args, "last valid time")?;
        Ok(Self {
            bid,
            base,
            quote,
            min_base,
            min_quote,
            from_deposits,
        })
    }
}

fn maybe_u64(args: &mut Reader<'_>, what: &str) -> Result<(), DecodeError> {
    if flag(args, "option")? {
        args.u64(what)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::context::Context;
    use super::super::super::draft::{
        STRANGER, Step, WALLET, ata, effects_in, pool, refusal, refusal_in, signs, step, writes,
    };
    use super::super::super::trade_check::{RECEIVED, SPENT, instruction};
    use super::*;
    use countersign_intent::Amount;
    use countersign_intent::solana::{Asset, Detail as Effect};

    const MARKETS: [Market; 1] = [Market {
        address: Address::new([0x77; 32]),
        base_mint: RECEIVED,
        quote_mint: SPENT,
        base_lot: 10,
        quote_lot: 5,
        taker_fee_bps: 2,
    }];

    fn known() -> Context<'static> {
        Context {
            markets: &MARKETS,
            ..Context::new(WALLET)
        }
    }

    /// Side, most base and quote, least base and quote, in lots.
    fn swap(side: u8, lots: [u64; 4], deposited: u8) -> Step {
        let mut data = vec![0, IMMEDIATE_OR_CANCEL, side, 0];
        for number in lots {
            data.extend(number.to_le_bytes());
        }
        data.extend([0, 0]);
        data.extend([0; 16]);
        data.extend([deposited, 0, 0]);
        let given = [
            (2, writes(MARKETS[0].address)),
            (3, signs(WALLET)),
            (4, writes(ata(WALLET, RECEIVED))),
            (5, writes(ata(WALLET, SPENT))),
        ];
        instruction(ID, 9, &given, data)
    }

    #[test]
    fn lots_become_amounts() {
        for (side, lots, spend, receive) in [
            (0, [0, 200, 30, 0], (SPENT, 1_000), (RECEIVED, 300)),
            (1, [30, 0, 0, 200], (RECEIVED, 300), (SPENT, 1_000)),
        ] {
            match &effects_in(&[swap(side, lots, 0)], &known()).unwrap()[..] {
                [Effect::Swap(swap)] => {
                    assert_eq!(
                        (swap.spend, swap.spend_max),
                        (Asset::Token(spend.0), Amount::from_base(spend.1))
                    );
                    assert_eq!(
                        (swap.receive, swap.receive_min),
                        (Asset::Token(receive.0), Amount::from_base(receive.1))
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_the_lots_do_not_bound_is_refused() {
        let fair = swap(0, [0, 200, 30, 0], 0);
        assert_eq!(
            refusal(std::slice::from_ref(&fair)),
            DecodeErrorKind::UnboundedTrade,
            "unknown market"
        );
        let refused = |step| refusal_in(&[step], &known());
        assert_eq!(
            refused(swap(0, [30, 0, 30, 0], 0)),
            DecodeErrorKind::UnboundedTrade
        );
        assert_eq!(
            refused(swap(0, [0, 200, 0, 0], 0)),
            DecodeErrorKind::UnboundedTrade
        );
        assert_eq!(
            refused(swap(1, [0, 200, 0, 0], 0)),
            DecodeErrorKind::UnboundedTrade
        );
        assert_eq!(
            refused(swap(0, [0, u64::MAX, 30, 0], 0)),
            DecodeErrorKind::UnboundedTrade
        );
        assert_eq!(
            refused(swap(0, [0, 200, 30, 0], 1)),
            DecodeErrorKind::Forbidden
        );
        for slot in [4, 5] {
            let mut foreign = fair.clone();
            foreign.accounts[slot] = writes(ata(STRANGER, RECEIVED));
            assert_eq!(refused(foreign), DecodeErrorKind::UnprovenAccount);
        }
        let mut longer = fair;
        longer.data.push(0);
        assert_eq!(refused(longer), DecodeErrorKind::WrongData);
    }

    #[test]
    fn resting_orders_are_refused() {
        for discriminator in 1..=17 {
            let other = step(
                ID,
                vec![signs(WALLET), writes(pool(1))],
                vec![discriminator],
            );
            assert_eq!(refusal(&[other]), DecodeErrorKind::Forbidden);
        }
    }
}
