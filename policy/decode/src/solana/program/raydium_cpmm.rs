//! Raydium CPMM.

use countersign_intent::Address;

use crate::DecodeError;

use super::super::anchor::DISCRIMINATOR;
use super::super::call::Call;
use super::super::swap::{Amounts, Layout, MintFrom, Side, Terms};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C");
const SLUG: &str = "raydium-cpmm";

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
    let layout = Layout::find(call, &LAYOUTS, &[])?;
    let bounds = call.args(DISCRIMINATOR, |args| layout.amounts.read(args))?;
    walk.trade(
        call,
        SLUG,
        (layout.spend, layout.receive),
        bounds,
        Terms::default(),
    )
}
