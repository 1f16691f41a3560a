//! Meteora DAMM v1 (dynamic pools).

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("Eo7WjKq67rjJQSZxS6z3YkapzY3eMj6Xy8X5EQVn5UaB");
pub(super) const SLUG: &str = "meteora-damm-v1";

const LAYOUTS: [Layout; 1] = [Layout {
    name: "swap",
    discriminator: 0xf8c6_9e91_e175_87c8,
    // The named accounts, then those of a staking-token pool.
    slots: 15..=19,
    wallet: 12,
    spend: Side::Token(1, MintFrom::Nowhere),
    receive: Side::Token(2, MintFrom::Nowhere),
    amounts: Amounts::InThenMinimum,
}];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Layout::trade(walk, call, SLUG, &LAYOUTS, &[], |_| Ok(()))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, ata, signs, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;

    #[test]
    fn the_swap_is_bounded_and_the_wallets() {
        let data = two_amounts(&LAYOUTS[0].discriminator.to_be_bytes(), 1_000, 2_000);
        let given = [
            (1, writes(ata(WALLET, SPENT))),
            (2, writes(ata(WALLET, RECEIVED))),
            (12, signs(WALLET)),
        ];
        Case {
            step: instruction(ID, 15, &given, data),
            slug: SLUG,
            wallet: 12,
            source: Some(1),
            destination: Some(2),
            pool: 0,
        }
        .check();
    }
}
