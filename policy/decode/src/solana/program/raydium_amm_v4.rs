//! Raydium AMM v4: one-byte discriminators, accounts counted from the end because one of them
//! may be left out.

use countersign_intent::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::swap::{Amounts, MintFrom, Side, Terms};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8");
const SLUG: &str = "raydium-amm-v4";

/// Slots from the end: source, destination, owner.
pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let (name, slots, amounts) = match call.data().first() {
        Some(0x09) => ("swap_base_in", 17..=18, Amounts::InThenMinimum),
        Some(0x0b) => ("swap_base_out", 17..=18, Amounts::MaximumThenOut),
        Some(0x10) => ("swap_base_in_v2", 8..=8, Amounts::InThenMinimum),
        Some(0x11) => ("swap_base_out_v2", 8..=8, Amounts::MaximumThenOut),
        Some(_) | None => {
            return Err(call.refuse(
                DecodeErrorKind::UnknownInstruction,
                "expected a swap; pools are not created or administered with a user wallet",
            ));
        }
    };
    call.named(name);
    call.expect_slots(slots)?;
    let end = call.slot_count();
    call.wallet(end.saturating_sub(1), "the owner")?;
    let bounds = call.args(1, |args| amounts.read(args))?;
    let side = |from_end: usize| Side::Token(end.saturating_sub(from_end), MintFrom::Nowhere);
    walk.trade(call, SLUG, (side(3), side(2)), bounds, Terms::default())
}
