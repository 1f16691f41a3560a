//! OpenBook v2 order books. Amounts are in lots, whose size only the market account shows, so
//! the market must be registered.

use countersign_intent::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR, Refused};
use super::super::call::Call;
use super::super::context::Market;
use super::super::swap::{Bounds, MintFrom, Side, Terms};
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const ID: Address = Address::from_literal("opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb");
const SLUG: &str = "openbook-v2";
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
    let market = walk.market(call, 2)?;
    walk.check_own_mint(call, 9, market.base_mint)?;
    walk.check_own_mint(call, 10, market.quote_mint)?;
    let base = Side::Token(9, MintFrom::Nowhere);
    let quote = Side::Token(10, MintFrom::Nowhere);
    let bounds = take.bounds(&market).ok_or_else(|| {
        call.refuse(
            DecodeErrorKind::UnboundedTrade,
            "the price and the most of both assets must be positive and fit 64 bits",
        )
    })?;
    let sides = if take.bid {
        (quote, base)
    } else {
        (base, quote)
    };
    walk.trade(call, SLUG, sides, bounds, Terms::default())
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
