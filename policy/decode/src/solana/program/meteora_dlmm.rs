//! Meteora DLMM. The mints stand in pool order; which one is spent shows in the accounts.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::anchor::{DISCRIMINATOR, Refused};
use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side, Terms};
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const ID: Address = Address::from_literal("LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo");
pub(super) const SLUG: &str = "meteora-dlmm";
const HOST_FEE: usize = 9;
/// Bin arrays and transfer-hook accounts, after the named ones.
const MAX_FURTHER: usize = 24;

const SWAP2: u64 = 0x414b_3f4c_eb5b_5b88;
const SWAP_EXACT_OUT2: u64 = 0x2bd7_f784_893c_f351;

const fn layout(name: &'static str, discriminator: u64, named: usize, amounts: Amounts) -> Layout {
    Layout {
        name,
        discriminator,
        slots: named..=named + MAX_FURTHER,
        wallet: 10,
        spend: Side::Token(4, MintFrom::OneOf(6, 7)),
        receive: Side::Token(5, MintFrom::OneOf(6, 7)),
        amounts,
    }
}

const LAYOUTS: [Layout; 4] = [
    layout("swap", 0xf8c6_9e91_e175_87c8, 15, Amounts::InThenMinimum),
    layout("swap2", SWAP2, 16, Amounts::InThenMinimum),
    layout(
        "swap_exact_out",
        0xfa49_6521_26cf_4bb8,
        15,
        Amounts::MaximumThenOut,
    ),
    layout(
        "swap_exact_out2",
        SWAP_EXACT_OUT2,
        16,
        Amounts::MaximumThenOut,
    ),
];

const NO_MINIMUM: &str = "has no least amount received; use swap or swap2";
const REFUSED: [Refused; 3] = [
    (0x38ad_e6d0_ade4_9ccd, "swap_with_price_impact", NO_MINIMUM),
    (0x4a62_c0d6_b133_4b33, "swap_with_price_impact2", NO_MINIMUM),
    (
        0x6cb0_21ba_92e5_01c5,
        "place_limit_order",
        "leaves funds in an order whose terms are not understood",
    ),
];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let layout = Layout::find(call, &LAYOUTS, &REFUSED)?;
    let bounds = call.args(DISCRIMINATOR, |args| {
        let bounds = layout.amounts.read(args)?;
        if matches!(layout.discriminator, SWAP2 | SWAP_EXACT_OUT2) {
            further_accounts(args)?;
        }
        Ok(bounds)
    })?;
    let terms = Terms {
        fee_account: call.fee_account(HOST_FEE)?,
        ..Terms::default()
    };
    walk.trade(call, SLUG, (layout.spend, layout.receive), bounds, terms)
}

// The fourth kind of slice carries an index of its own.
fn further_accounts(args: &mut Reader<'_>) -> Result<(), DecodeError> {
    let slices = args.u32("account slices")?;
    for _ in 0..slices {
        let index = usize::from(args.u8("account slice")? == 3);
        args.take(index + 1, "account slice")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        WALLET, ata, effects, pool, reads, refusal, signs, step, writes,
    };
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use crate::DecodeErrorKind;
    use countersign_intent::solana::Detail as Effect;

    #[test]
    fn every_swap_is_bounded_and_the_wallets() {
        for (layout, reversed) in LAYOUTS
            .iter()
            .flat_map(|layout| [(layout, false), (layout, true)])
        {
            let (x, y) = if reversed {
                (RECEIVED, SPENT)
            } else {
                (SPENT, RECEIVED)
            };
            let mut data = two_amounts(&layout.discriminator.to_be_bytes(), 1_000, 2_000);
            if layout.name.ends_with('2') {
                data.extend([2, 0, 0, 0, 0, 4, 3, 1, 5]);
            }
            let given = [
                (4, writes(ata(WALLET, SPENT))),
                (5, writes(ata(WALLET, RECEIVED))),
                (6, reads(x)),
                (7, reads(y)),
                (9, reads(ID)),
                (10, signs(WALLET)),
            ];
            let step = instruction(ID, 20, &given, data);
            let mut hosted = step.clone();
            hosted.accounts[9] = writes(pool(99));
            match &effects(&[hosted]).unwrap()[..] {
                [Effect::Swap(swap)] => assert_eq!(swap.fee_account, Some(pool(99))),
                other => panic!("{other:?}"),
            }
            Case {
                step,
                slug: SLUG,
                wallet: 10,
                source: Some(4),
                destination: Some(5),
                pool: 19,
            }
            .check();
        }
    }

    #[test]
    fn swaps_without_a_minimum_are_refused_by_name() {
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
