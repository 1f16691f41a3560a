//! Raydium CLMM: a flag in the arguments says which amount is exact.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::anchor::{self, DISCRIMINATOR, Refused};
use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side, Terms, check_price_limit};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK");
pub(super) const SLUG: &str = "raydium-clmm";
/// Tick arrays that a trade may cross, after the named accounts.
const MAX_TICK_ARRAYS: usize = 16;

const LAYOUTS: [Layout; 2] = [
    Layout {
        name: "swap",
        discriminator: 0xf8c6_9e91_e175_87c8,
        slots: 10..=10 + MAX_TICK_ARRAYS,
        wallet: 0,
        spend: Side::Token(3, MintFrom::Nowhere),
        receive: Side::Token(4, MintFrom::Nowhere),
        amounts: Amounts::InThenMinimum,
    },
    Layout {
        name: "swap_v2",
        discriminator: 0x2b04_ed0b_1ac9_1e62,
        slots: 13..=13 + MAX_TICK_ARRAYS,
        wallet: 0,
        spend: Side::Token(3, MintFrom::Slot(11)),
        receive: Side::Token(4, MintFrom::Slot(12)),
        amounts: Amounts::InThenMinimum,
    },
];

const REFUSED: [Refused; 1] = [(
    0x457d_73da_f5ba_f2c4,
    "swap_router_base_in",
    "names the account that receives only among its further accounts; use swap_v2",
)];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let layout = Layout::find(call, &LAYOUTS, &REFUSED)?;
    let (bounds, is_input, limit) = call.args(DISCRIMINATOR, |args| {
        let (amount, threshold) = (args.u64("amount")?, args.u64("threshold")?);
        let limit = args.array::<16>("price limit")?;
        let is_input = anchor::flag(args, "is_base_input")?;
        let bounds = Amounts::by_input_flag(is_input).bounds(amount, threshold);
        Ok((bounds, is_input, limit))
    })?;
    check_price_limit(call, is_input, limit)?;
    let sides = (layout.spend, layout.receive);
    walk.trade(call, SLUG, sides, bounds, Terms::default())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, ata, effects, reads, refusal, signs, step, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use crate::DecodeErrorKind;

    #[test]
    fn every_swap_is_bounded_and_the_wallets() {
        for (layout, is_input) in LAYOUTS.iter().flat_map(|layout| [(layout, 1), (layout, 0)]) {
            let mut given = vec![
                (0, signs(WALLET)),
                (3, writes(ata(WALLET, SPENT))),
                (4, writes(ata(WALLET, RECEIVED))),
            ];
            if layout.name == "swap_v2" {
                given.extend([(11, reads(SPENT)), (12, reads(RECEIVED))]);
            }
            let (first, second) = if is_input == 1 {
                (1_000, 2_000)
            } else {
                (2_000, 1_000)
            };
            let mut data = two_amounts(&layout.discriminator.to_be_bytes(), first, second);
            data.extend([0; 16]);
            data.push(is_input);
            Case {
                step: instruction(ID, 17, &given, data),
                slug: SLUG,
                wallet: 0,
                source: Some(3),
                destination: Some(4),
                pool: 16,
            }
            .check();
        }
    }

    #[test]
    fn an_exact_amount_out_takes_no_price_limit() {
        for (layout, is_input) in LAYOUTS.iter().flat_map(|layout| [(layout, 1), (layout, 0)]) {
            let mut data = two_amounts(&layout.discriminator.to_be_bytes(), 2_000, 1_000);
            data.extend(1_u128.to_le_bytes());
            data.push(is_input);
            let given = [
                (0, signs(WALLET)),
                (3, writes(ata(WALLET, SPENT))),
                (4, writes(ata(WALLET, RECEIVED))),
                (11, reads(SPENT)),
                (12, reads(RECEIVED)),
            ];
            let outcome = effects(&[instruction(ID, 17, &given, data)]);
            let kind = outcome.map_err(|error| error.kind());
            match is_input {
                1 => assert!(kind.is_ok(), "{}: {kind:?}", layout.name),
                _ => assert_eq!(kind, Err(DecodeErrorKind::UnboundedTrade)),
            }
        }
    }

    #[test]
    fn the_router_is_refused_by_name() {
        let router = step(ID, vec![signs(WALLET)], REFUSED[0].0.to_be_bytes().to_vec());
        assert_eq!(refusal(&[router]), DecodeErrorKind::Forbidden);
    }
}
