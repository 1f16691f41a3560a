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
