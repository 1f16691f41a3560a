//! Raydium LaunchLab.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side};
use super::super::walk::Walk;

pub(super) const ID: Address = Address::from_literal("LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj");
pub(super) const SLUG: &str = "raydium-launchlab";

const BASE: Side = Side::Token(5, MintFrom::Slot(9));
const QUOTE: Side = Side::Token(6, MintFrom::Slot(10));

const fn layout(
    name: &'static str,
    discriminator: u64,
    (spend, receive): (Side, Side),
    amounts: Amounts,
) -> Layout {
    Layout {
        name,
        discriminator,
        // The named accounts, then those of platform and creator fees.
        slots: 15..=18,
        wallet: 0,
        spend,
        receive,
        amounts,
    }
}

const LAYOUTS: [Layout; 4] = [
    layout(
        "buy_exact_in",
        0xfaea_0d7b_d59c_13ec,
        (QUOTE, BASE),
        Amounts::InThenMinimum,
    ),
    layout(
        "buy_exact_out",
        0x18d3_7428_6903_9938,
        (QUOTE, BASE),
        Amounts::OutThenMaximum,
    ),
    layout(
        "sell_exact_in",
        0x9527_de9b_d37c_981a,
        (BASE, QUOTE),
        Amounts::InThenMinimum,
    ),
    layout(
        "sell_exact_out",
        0x5fc8_4722_0809_0ba6,
        (BASE, QUOTE),
        Amounts::OutThenMaximum,
    ),
];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let share = Layout::trade(walk, call, SLUG, &LAYOUTS, &[], |args| {
        args.u64("share fee rate")
    })?;
    if share == 0 {
        return Ok(());
    }
    Err(call.forbid(format!(
        "a share fee rate of {share} goes to an account the layout does not name; send 0"
    )))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, ata, reads, refusal, signs, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use crate::DecodeErrorKind;

    #[test]
    fn every_trade_is_bounded_and_the_wallets() {
        for layout in &LAYOUTS {
            let (first, second) = match layout.amounts {
                Amounts::OutThenMaximum => (2_000, 1_000),
                Amounts::InThenMinimum | Amounts::MaximumThenOut => (1_000, 2_000),
            };
            let buys = layout.name.starts_with("buy");
            let (base, quote) = if buys {
                (RECEIVED, SPENT)
            } else {
                (SPENT, RECEIVED)
            };
            let mut data = two_amounts(&layout.discriminator.to_be_bytes(), first, second);
            data.extend([0; 8]);
            let given = [
                (0, signs(WALLET)),
                (5, writes(ata(WALLET, base))),
                (6, writes(ata(WALLET, quote))),
                (9, reads(base)),
                (10, reads(quote)),
            ];
            let step = instruction(ID, 15, &given, data);
            let mut shared = step.clone();
            *shared.data.last_mut().unwrap() = 1;
            assert_eq!(refusal(&[shared]), DecodeErrorKind::Forbidden);
            Case {
                step,
                slug: SLUG,
                wallet: 0,
                source: Some(if buys { 6 } else { 5 }),
                destination: Some(if buys { 5 } else { 6 }),
                pool: 4,
            }
            .check();
        }
    }
}
