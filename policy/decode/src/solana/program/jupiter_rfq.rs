//! JupiterZ order engine: a market maker fills the wallet's side at the price in the arguments.

use countersign_intent::{Address, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR};
use super::super::call::Call;
use super::super::swap::{Bounds, MintFrom, Side, Terms};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH");
const SLUG: &str = "jupiterz";
const FILL: u64 = 0xa860_b7a3_5c0a_28a0;

/// Slots: taker, maker, then input and output accounts of each, mints with their programs,
/// System. The wallet takes; a maker wallet would be giving a quote.
pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    if anchor::discriminator(call) != Some(FILL) {
        return Err(anchor::refuse(call, &[]));
    }
    call.named("fill");
    call.expect_slots(11..=11)?;
    call.wallet(0, "the taker")?;
    let bounds = call.args(DISCRIMINATOR, |args| {
        let bounds = Bounds::exact_in(args.u64("input")?, args.u64("output")?);
        args.u64("expiry")?;
        Ok(bounds)
    })?;
    let sides = (side(call, 2, 6)?, side(call, 4, 8)?);
    walk.trade(call, SLUG, sides, bounds, Terms::default())
}

// Where the token account is left out, SOL moves from or to the wallet itself.
fn side(call: &Call<'_>, account: usize, mint: usize) -> Result<Side, DecodeError> {
    if call.optional(account)?.is_some() {
        return Ok(Side::Token(account, MintFrom::Slot(mint)));
    }
    if call.key(mint)? == WRAPPED_SOL_MINT {
        return Ok(Side::Native);
    }
    Err(call.refuse(
        DecodeErrorKind::WrongAccounts,
        format!("slot {account} names no token account for a token that is not SOL"),
    ))
}
