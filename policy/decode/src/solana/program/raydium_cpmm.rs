//! Raydium CPMM.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
pub(super) const SLUG: &str = "raydium-cpmm";

const fn layout(name: &'static str, discriminator: u64, amounts: Amounts) -> Layout {
    Layout {
        name,
        discriminator,
        slots: 13..=13,
        wallet: 0,
        spend: Side::Token(4, MintFrom::Slot(10)),
        receive: Side::Token(5, MintFrom::Slot(11)),
        amounts,
    }
}

const LAYOUTS: [Layout; 2] = [
    layout(
        "swap_base_input",
        0x8fbe_5ada_c41e_33de,
        Amounts::InThenMinimum,
    ),
    layout(
        "swap_base_output",
        0x37d9_6256_a34a_b4ad,
        Amounts::MaximumThenOut,
    ),
];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Layout::trade(walk, call, SLUG, &LAYOUTS, &[], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, ata, reads, signs, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;

    #[test]
    fn every_swap_is_bounded_and_the_wallets() {
        for layout in &LAYOUTS {
            let (first, second) = match layout.amounts {
                Amounts::OutThenMaximum => (2_000, 1_000),
                Amounts::InThenMinimum | Amounts::MaximumThenOut => (1_000, 2_000),
            };
            let data = two_amounts(&layout.discriminator.to_be_bytes(), first, second);
            Case {
                step: instruction(
                    ID,
                    *layout.slots.start(),
                    &[
                        (0, signs(WALLET)),
                        (4, writes(ata(WALLET, SPENT))),
                        (5, writes(ata(WALLET, RECEIVED))),
                        (10, reads(SPENT)),
                        (11, reads(RECEIVED)),
                    ],
                    data,
                ),
                slug: SLUG,
                wallet: 0,
                source: Some(4),
                destination: Some(5),
                pool: 3,
            }
            .check();
        }
    }
}
