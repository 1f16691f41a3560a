//! Raydium AMM v4 and its stable-swap sibling: one-byte discriminators, accounts counted from the end because one of them
//! may be left out.

use std::ops::RangeInclusive;

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::swap::{Amounts, MintFrom, Side, Terms};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8");
pub(super) const STABLE: Address =
    Address::from_literal("5quBtoiQqxF9Jv6KYKctB59NT3gtJD2Y65kdnB1Uev3h");
pub(super) const SLUG: &str = "raydium-amm-v4";
pub(super) const STABLE_SLUG: &str = "raydium-stable";

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match call.data().first() {
        Some(0x10) => swap(
            walk,
            call,
            SLUG,
            ("swap_base_in_v2", 8..=8, Amounts::InThenMinimum),
        ),
        Some(0x11) => swap(
            walk,
            call,
            SLUG,
            ("swap_base_out_v2", 8..=8, Amounts::MaximumThenOut),
        ),
        Some(_) | None => first_layouts(walk, call, SLUG),
    }
}

pub(super) fn decode_stable(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    first_layouts(walk, call, STABLE_SLUG)
}

fn first_layouts(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    slug: &'static str,
) -> Result<(), DecodeError> {
    match call.data().first() {
        Some(0x09) => swap(
            walk,
            call,
            slug,
            ("swap_base_in", 17..=18, Amounts::InThenMinimum),
        ),
        Some(0x0b) => swap(
            walk,
            call,
            slug,
            ("swap_base_out", 17..=18, Amounts::MaximumThenOut),
        ),
        Some(_) | None => Err(call.refuse(
            DecodeErrorKind::UnknownInstruction,
            "expected a swap; pools are not created or administered with a user wallet",
        )),
    }
}

/// Slots from the end: source, destination, owner.
fn swap(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    slug: &'static str,
    (name, slots, amounts): (&'static str, RangeInclusive<usize>, Amounts),
) -> Result<(), DecodeError> {
    call.named(name);
    call.expect_slots(slots)?;
    let end = call.slot_count();
    call.wallet(end.saturating_sub(1), "the owner")?;
    let bounds = call.args(1, |args| amounts.read(args))?;
    let side = |from_end: usize| Side::Token(end.saturating_sub(from_end), MintFrom::Nowhere);
    walk.trade(call, slug, (side(3), side(2)), bounds, Terms::default())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, ata, refusal, signs, step, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;

    #[test]
    fn every_swap_is_bounded_and_the_wallets() {
        // All of them take what is spent first, exact or at most.
        for (discriminator, slots) in [
            (0x09, 17),
            (0x09, 18),
            (0x0b, 17),
            (0x0b, 18),
            (0x10, 8),
            (0x11, 8),
        ] {
            let given = [
                (slots - 1, signs(WALLET)),
                (slots - 3, writes(ata(WALLET, SPENT))),
                (slots - 2, writes(ata(WALLET, RECEIVED))),
            ];
            let data = two_amounts(&[discriminator], 1_000, 2_000);
            Case {
                step: instruction(ID, slots, &given, data),
                slug: SLUG,
                wallet: slots - 1,
                source: Some(slots - 3),
                destination: Some(slots - 2),
                pool: 1,
            }
            .check();
        }
    }

    #[test]
    fn other_instructions_are_refused() {
        for discriminator in [0_u8, 1, 3, 4, 0x0a, 0x12] {
            let other = step(ID, vec![signs(WALLET)], vec![discriminator]);
            assert_eq!(refusal(&[other]), DecodeErrorKind::UnknownInstruction);
        }
    }
}
