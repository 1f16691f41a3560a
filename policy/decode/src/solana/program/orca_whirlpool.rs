//! Orca Whirlpools. Pools have an A and a B side; flags in the arguments say which is spent.

use countersign_intent::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR};
use super::super::call::Call;
use super::super::swap::{Amounts, Bounds, MintFrom, Side, Terms};
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const ID: Address = Address::from_literal("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc");
const SLUG: &str = "orca-whirlpool";
/// Tick arrays and transfer-hook accounts, after the named ones.
const MAX_FURTHER: usize = 16;

const SWAP: u64 = 0xf8c6_9e91_e175_87c8;
const SWAP_V2: u64 = 0x2b04_ed0b_1ac9_1e62;
const TWO_HOP_SWAP: u64 = 0xc360_ed6c_44a2_dbe6;
const TWO_HOP_SWAP_V2: u64 = 0xba8f_d11d_fe02_c275;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match anchor::discriminator(call) {
        Some(SWAP) => {
            call.named("swap");
            swap(walk, call, false)
        }
        Some(SWAP_V2) => {
            call.named("swap_v2");
            swap(walk, call, true)
        }
        Some(TWO_HOP_SWAP) => {
            call.named("two_hop_swap");
            two_hop_swap(walk, call)
        }
        Some(TWO_HOP_SWAP_V2) => {
            call.named("two_hop_swap_v2");
            two_hop_swap_v2(walk, call)
        }
        Some(_) | None => Err(anchor::refuse(call, &[])),
    }
}

fn swap(walk: &mut Walk<'_>, call: &mut Call<'_>, v2: bool) -> Result<(), DecodeError> {
    let (named, wallet, a, b) = if v2 {
        let a = Side::Token(7, MintFrom::Slot(5));
        (15, 3, a, Side::Token(9, MintFrom::Slot(6)))
    } else {
        let a = Side::Token(3, MintFrom::Nowhere);
        (11, 1, a, Side::Token(5, MintFrom::Nowhere))
    };
    call.expect_slots(named..=named + MAX_FURTHER)?;
    call.wallet(wallet, "the token authority")?;
    let (bounds, a_to_b) = call.args(DISCRIMINATOR, |args| {
        let (amount, threshold) = (args.u64("amount")?, args.u64("threshold")?);
        args.array::<16>("price limit")?;
        let is_input = anchor::flag(args, "amount_specified_is_input")?;
        let a_to_b = anchor::flag(args, "a_to_b")?;
        maybe_slices(args, v2)?;
        Ok((
            Amounts::by_input_flag(is_input).bounds(amount, threshold),
            a_to_b,
        ))
    })?;
    let sides = if a_to_b { (a, b) } else { (b, a) };
    walk.trade(call, SLUG, sides, bounds, Terms::default())
}

struct TwoHops {
    bounds: Bounds,
    a_to_b_one: bool,
    a_to_b_two: bool,
}

impl TwoHops {
    fn read(args: &mut Reader<'_>, v2: bool) -> Result<Self, DecodeError> {
        let (amount, threshold) = (args.u64("amount")?, args.u64("threshold")?);
        let is_input = anchor::flag(args, "amount_specified_is_input")?;
        let a_to_b_one = anchor::flag(args, "a_to_b_one")?;
        let a_to_b_two = anchor::flag(args, "a_to_b_two")?;
        args.array::<32>("price limits")?;
        maybe_slices(args, v2)?;
        Ok(Self {
            bounds: Amounts::by_input_flag(is_input).bounds(amount, threshold),
            a_to_b_one,
            a_to_b_two,
        })
    }
}

/// Slots: 4 and 6 are the wallet's A and B accounts of the first pool, 8 and 10 of the second.
/// What the first hop yields lands in the wallet before the second spends it.
fn two_hop_swap(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(20..=20 + MAX_FURTHER)?;
    call.wallet(1, "the token authority")?;
    let hops = call.args(DISCRIMINATOR, |args| TwoHops::read(args, false))?;
    let (source, middle_one) = if hops.a_to_b_one { (4, 6) } else { (6, 4) };
    let (middle_two, destination) = if hops.a_to_b_two { (8, 10) } else { (10, 8) };
    let one = walk.own_token_account(call, middle_one, MintFrom::Nowhere)?;
    let two = walk.own_token_account(call, middle_two, MintFrom::Nowhere)?;
    if one.mint != two.mint {
        return Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            "the first pool yields another token than the second takes",
        ));
    }
    let sides = (
        Side::Token(source, MintFrom::Nowhere),
        Side::Token(destination, MintFrom::Nowhere),
    );
    walk.trade(call, SLUG, sides, hops.bounds, Terms::default())
}

fn two_hop_swap_v2(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(24..=24 + MAX_FURTHER)?;
    call.wallet(14, "the token authority")?;
    let hops = call.args(DISCRIMINATOR, |args| TwoHops::read(args, true))?;
    let sides = (
        Side::Token(8, MintFrom::Slot(2)),
        Side::Token(13, MintFrom::Slot(4)),
    );
    walk.trade(call, SLUG, sides, hops.bounds, Terms::default())
}

fn maybe_slices(args: &mut Reader<'_>, v2: bool) -> Result<(), DecodeError> {
    if v2 && anchor::flag(args, "option")? {
        anchor::account_slices(args)?;
    }
    Ok(())
}
