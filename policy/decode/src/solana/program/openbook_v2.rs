//! OpenBook v2 order books. Amounts are in lots, whose size only the market account shows, so
//! the market must be registered.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR, Refused};
use super::super::call::Call;
use super::super::context::Market;
use super::super::order_book::{Slots, Taken};
use super::super::swap::Bounds;
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const ID: Address = Address::from_literal("opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb");
pub(super) const SLUG: &str = "openbook-v2";
const PLACE_TAKE_ORDER: u64 = 0x032c_4703_1ac7_cb55;

const RESTS: &str = "leaves funds or orders in an account the message does not show; a trading \
                     wallet only takes";
const REFUSED: [Refused; 6] = [
    (0x33c2_9baf_6d82_606a, "place_order", RESTS),
    (0x3c3f_327b_0cc5_3cbe, "place_orders", RESTS),
    (0x809b_de3c_ba28_e132, "cancel_all_and_place_orders", RESTS),
    (0xee40_a360_4bab_1021, "settle_funds", RESTS),
    (0xf223_c689_52e1_f2b6, "deposit", RESTS),
    (0xccb5_afde_287d_bc47, "create_open_orders_account", RESTS),
];

const SLOTS: Slots = Slots {
    market: 2,
    base: 9,
    quote: 10,
};

/// An order that takes at once or not at all, in lots.
struct Take {
    bid: bool,
    price: u64,
    base: u64,
    quote: u64,
}

/// Slots: signer, penalty payer, market, market authority, bids, asks, two vaults, event heap,
/// user base, user quote, two oracles, token program, System, open-orders admin, then accounts
/// of makers.
pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    if anchor::discriminator(call) != Some(PLACE_TAKE_ORDER) {
        return Err(anchor::refuse(call, &REFUSED));
    }
    call.named("place_take_order");
    call.expect_slots(16..=32)?;
    call.wallet(0, "the signer")?;
    call.wallet(1, "the penalty payer")?;
    let take = call.args(DISCRIMINATOR, Take::read)?;
    walk.take(call, SLUG, SLOTS, |market| {
        let bounds = take.bounds(market).ok_or_else(|| {
            call.refuse(
                DecodeErrorKind::UnboundedTrade,
                "the price and the most of both assets must be positive and fit 64 bits",
            )
        })?;
        Ok(Taken {
            bid: take.bid,
            bounds,
        })
    })
}

impl Take {
    fn read(args: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bid = !anchor::flag(args, "side")?;
        let (price, base, quote) = (
            args.u64("price")?,
            args.u64("most base")?,
            args.u64("most quote")?,
        );
        let at = args.position();
        let kind = args.u8("order type")?;
        // ImmediateOrCancel and FillOrKill keep to the price and leave nothing behind.
        if !matches!(kind, 1 | 5) {
            return Err(DecodeError::malformed(
                at,
                format!(
                    "expected order type 1 (immediate or cancel) or 5 (fill or kill), got {kind}"
                ),
            ));
        }
        args.u8("match limit")?;
        Ok(Self {
            bid,
            price,
            base,
            quote,
        })
    }

    /// What a full fill at the limit price spends and yields; a part of it does no worse.
    fn bounds(&self, market: &Market) -> Option<Bounds> {
        let signed = |lots: u64| i64::try_from(lots).ok().filter(|lots| *lots > 0);
        signed(self.price)
            .and(signed(self.base))
            .and(signed(self.quote))?;
        let keep = 10_000_u128;
        let with_fee = keep + u128::from(market.taker_fee_bps);
        let (price, base, quote) = (
            u128::from(self.price),
            u128::from(self.base),
            u128::from(self.quote),
        );
        let (spend, receive) = if self.bid {
            let affordable = quote * keep / with_fee / price;
            (
                quote * u128::from(market.quote_lot),
                affordable.min(base) * u128::from(market.base_lot),
            )
        } else {
            let gross = base.checked_mul(price)?.min(quote);
            (
                base * u128::from(market.base_lot),
                gross.checked_mul(u128::from(market.quote_lot))?
                    * keep.checked_sub(u128::from(market.taker_fee_bps))?
                    / keep,
            )
        };
        Some(Bounds::exact_in(
            u64::try_from(spend).ok()?,
            u64::try_from(receive).ok()?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::context::Context;
    use super::super::super::draft::{
        STRANGER, Step, WALLET, ata, effects_in, refusal, refusal_in, signs, step, writes,
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
        taker_fee_bps: 100,
    }];

    fn known() -> Context<'static> {
        Context {
            markets: &MARKETS,
            ..Context::new(WALLET)
        }
    }

    fn take(side: u8, [price, base, quote]: [u64; 3], kind: u8) -> Step {
        let mut data = PLACE_TAKE_ORDER.to_be_bytes().to_vec();
        data.push(side);
        for number in [price, base, quote] {
            data.extend(number.to_le_bytes());
        }
        data.extend([kind, 10]);
        let given = [
            (0, signs(WALLET)),
            (1, signs(WALLET)),
            (2, writes(MARKETS[0].address)),
            (9, writes(ata(WALLET, RECEIVED))),
            (10, writes(ata(WALLET, SPENT))),
        ];
        instruction(ID, 17, &given, data)
    }

    #[test]
    fn the_limit_price_and_the_fee_bound_what_arrives() {
        for (side, spend, receive) in [
            // 202 quote lots buy, after 1 % of fee, 200 worth of base at 2: 100 lots of 10.
            (0, (SPENT, 1_010), (RECEIVED, 1_000)),
            // 100 base lots at 2 yield 200 quote lots of 5, less 1 % of fee.
            (1, (RECEIVED, 1_000), (SPENT, 990)),
        ] {
            match &effects_in(&[take(side, [2, 100, 202], 1)], &known()).unwrap()[..] {
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
    fn what_the_price_does_not_bound_is_refused() {
        let fair = take(0, [2, 100, 202], 1);
        assert_eq!(
            refusal(std::slice::from_ref(&fair)),
            DecodeErrorKind::UnboundedTrade,
            "unknown market"
        );
        let refused = |step| refusal_in(&[step], &known());
        for numbers in [
            [0, 100, 202],
            [2, 0, 202],
            [2, 100, 0],
            [u64::MAX, 1, 1],
            [1 << 62, 1 << 62, 1 << 62],
        ] {
            for side in [0, 1] {
                assert_eq!(
                    refused(take(side, numbers, 1)),
                    DecodeErrorKind::UnboundedTrade,
                    "{numbers:?}"
                );
            }
        }
        for kind in [0, 2, 3, 4, 6] {
            assert_eq!(
                refused(take(0, [2, 100, 202], kind)),
                DecodeErrorKind::WrongData
            );
        }
        for slot in [9, 10] {
            let mut foreign = fair.clone();
            foreign.accounts[slot] = writes(ata(STRANGER, SPENT));
            assert_eq!(refused(foreign), DecodeErrorKind::UnprovenAccount);
        }
    }

    #[test]
    fn resting_orders_are_refused_by_name() {
        for (discriminator, ..) in REFUSED {
            let other = step(
                ID,
                vec![signs(WALLET)],
                discriminator.to_be_bytes().to_vec(),
            );
            assert_eq!(refusal(&[other]), DecodeErrorKind::Forbidden);
        }
    }
}
