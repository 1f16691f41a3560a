//! Orca Whirlpools. Pools have an A and a B side; flags in the arguments say which is spent.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR};
use super::super::call::Call;
use super::super::swap::{Amounts, Bounds, MintFrom, Side, Terms, check_price_limit};
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const ID: Address = Address::from_literal("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc");
pub(super) const SLUG: &str = "orca-whirlpool";
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
    let (amounts, limit, is_input, a_to_b) = call.args(DISCRIMINATOR, |args| {
        let amounts = (args.u64("amount")?, args.u64("threshold")?);
        let limit = args.array::<16>("price limit")?;
        let is_input = anchor::flag(args, "amount_specified_is_input")?;
        let a_to_b = anchor::flag(args, "a_to_b")?;
        maybe_slices(args, v2)?;
        Ok((amounts, limit, is_input, a_to_b))
    })?;
    check_price_limit(call, is_input, limit)?;
    let bounds = Amounts::by_input_flag(is_input).bounds(amounts.0, amounts.1);
    let sides = if a_to_b { (a, b) } else { (b, a) };
    walk.trade(call, SLUG, sides, bounds, Terms::default())
}

struct TwoHops {
    bounds: Bounds,
    a_to_b_one: bool,
    a_to_b_two: bool,
}

impl TwoHops {
    fn read(call: &Call<'_>, v2: bool) -> Result<Self, DecodeError> {
        let (hops, is_input, limits) = call.args(DISCRIMINATOR, |args| {
            let (amount, threshold) = (args.u64("amount")?, args.u64("threshold")?);
            let is_input = anchor::flag(args, "amount_specified_is_input")?;
            let hops = Self {
                bounds: Amounts::by_input_flag(is_input).bounds(amount, threshold),
                a_to_b_one: anchor::flag(args, "a_to_b_one")?,
                a_to_b_two: anchor::flag(args, "a_to_b_two")?,
            };
            let limits = args.array::<32>("price limits")?;
            maybe_slices(args, v2)?;
            Ok((hops, is_input, limits))
        })?;
        check_price_limit(call, is_input, limits)?;
        Ok(hops)
    }
}

/// Slots: 4 and 6 are the wallet's A and B accounts of the first pool, 8 and 10 of the second.
/// What the first hop yields lands in the wallet before the second spends it.
fn two_hop_swap(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(20..=20 + MAX_FURTHER)?;
    call.wallet(1, "the token authority")?;
    let hops = TwoHops::read(call, false)?;
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
    let hops = TwoHops::read(call, true)?;
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

#[cfg(test)]
mod tests {
    use super::super::super::draft::{STRANGER, Use, WALLET, ata, effects, reads, signs, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;

    const MIDDLE: Address = Address::new([0x53; 32]);

    fn amounts(discriminator: u64, is_input: bool) -> Vec<u8> {
        let (first, second) = if is_input {
            (1_000, 2_000)
        } else {
            (2_000, 1_000)
        };
        two_amounts(&discriminator.to_be_bytes(), first, second)
    }

    fn flags() -> impl Iterator<Item = (bool, bool)> {
        [(true, true), (true, false), (false, true), (false, false)].into_iter()
    }

    #[test]
    fn single_swaps_are_bounded_and_the_wallets() {
        for ((is_input, a_to_b), v2) in flags().flat_map(|flags| [(flags, false), (flags, true)]) {
            let (wallet, a, b) = if v2 { (3, 7, 9) } else { (1, 3, 5) };
            let (mint_a, mint_b) = if a_to_b {
                (SPENT, RECEIVED)
            } else {
                (RECEIVED, SPENT)
            };
            let mut data = amounts(if v2 { SWAP_V2 } else { SWAP }, is_input);
            data.extend([0; 16]);
            data.extend([u8::from(is_input), u8::from(a_to_b)]);
            let mut given = vec![
                (wallet, signs(WALLET)),
                (a, writes(ata(WALLET, mint_a))),
                (b, writes(ata(WALLET, mint_b))),
            ];
            if v2 {
                data.push(0);
                given.extend([(5, reads(mint_a)), (6, reads(mint_b))]);
            }
            Case {
                step: instruction(ID, if v2 { 15 } else { 11 }, &given, data),
                slug: SLUG,
                wallet,
                source: Some(if a_to_b { a } else { b }),
                destination: Some(if a_to_b { b } else { a }),
                pool: 10,
            }
            .check();
        }
    }

    #[test]
    fn an_exact_amount_out_takes_no_price_limit() {
        for (discriminator, v2, hops) in [
            (SWAP, false, false),
            (SWAP_V2, true, false),
            (TWO_HOP_SWAP, false, true),
            (TWO_HOP_SWAP_V2, true, true),
        ] {
            for (is_input, limit) in [(true, 1), (false, 1), (false, 0)] {
                let mut data = amounts(discriminator, is_input);
                let flags = [u8::from(is_input), 1, 1];
                if hops {
                    data.extend(flags);
                    data.extend([[0; 16], [limit; 16]].as_flattened());
                } else {
                    data.extend([limit; 16]);
                    data.extend(&flags[..2]);
                }
                data.extend(v2.then_some(0));
                let step = instruction(ID, 24, &places(v2, hops), data);
                let kind = effects(&[step]).map_err(|error| error.kind());
                let refused = !is_input && limit > 0;
                let expected = Err(DecodeErrorKind::UnboundedTrade);
                assert!(
                    if refused {
                        kind == expected
                    } else {
                        kind.is_ok()
                    },
                    "{kind:?}"
                );
            }
        }
    }

    /// The wallet's accounts from A to B, and on to B of the second pool.
    fn places(v2: bool, hops: bool) -> Vec<(usize, Use)> {
        let own = |mint| writes(ata(WALLET, mint));
        let mints = [
            (14, reads(SPENT)),
            (15, reads(MIDDLE)),
            (16, reads(RECEIVED)),
        ];
        let mut places = match (v2, hops) {
            (false, false) => vec![(1, signs(WALLET)), (3, own(SPENT)), (5, own(RECEIVED))],
            (true, false) => vec![
                (3, signs(WALLET)),
                (5, reads(SPENT)),
                (6, reads(RECEIVED)),
                (7, own(SPENT)),
                (9, own(RECEIVED)),
            ],
            (false, true) => vec![
                (1, signs(WALLET)),
                (4, own(SPENT)),
                (6, own(MIDDLE)),
                (8, own(MIDDLE)),
                (10, own(RECEIVED)),
            ],
            (true, true) => {
                return vec![
                    (2, reads(SPENT)),
                    (3, reads(MIDDLE)),
                    (4, reads(RECEIVED)),
                    (8, own(SPENT)),
                    (13, own(RECEIVED)),
                    (14, signs(WALLET)),
                ];
            }
        };
        places.extend(mints);
        places
    }

    #[test]
    fn two_hops_stay_with_the_wallet_in_between() {
        for (one, two) in flags() {
            let mut data = amounts(TWO_HOP_SWAP, true);
            data.extend([1, u8::from(one), u8::from(two)]);
            data.extend([0; 32]);
            let (source, middle_one) = if one { (4, 6) } else { (6, 4) };
            let (middle_two, destination) = if two { (8, 10) } else { (10, 8) };
            let given = [
                (1, signs(WALLET)),
                (source, writes(ata(WALLET, SPENT))),
                (middle_one, writes(ata(WALLET, MIDDLE))),
                (middle_two, writes(ata(WALLET, MIDDLE))),
                (destination, writes(ata(WALLET, RECEIVED))),
                (12, reads(SPENT)),
                (13, reads(MIDDLE)),
                (14, reads(RECEIVED)),
            ];
            let step = instruction(ID, 20, &given, data);
            for middle in [middle_one, middle_two] {
                let mut foreign = step.clone();
                foreign.accounts[middle] = writes(ata(STRANGER, MIDDLE));
                assert!(effects(&[foreign]).is_err());
            }
            Case {
                step,
                slug: SLUG,
                wallet: 1,
                source: Some(source),
                destination: Some(destination),
                pool: 19,
            }
            .check();
        }
    }

    #[test]
    fn two_hops_of_the_second_layout_name_their_ends() {
        for is_input in [true, false] {
            let mut data = amounts(TWO_HOP_SWAP_V2, is_input);
            data.extend([u8::from(is_input), 1, 1]);
            data.extend([0; 32]);
            data.extend([1, 1, 0, 0, 0, 6, 2]);
            let given = [
                (2, reads(SPENT)),
                (3, reads(MIDDLE)),
                (4, reads(RECEIVED)),
                (8, writes(ata(WALLET, SPENT))),
                (13, writes(ata(WALLET, RECEIVED))),
                (14, signs(WALLET)),
            ];
            Case {
                step: instruction(ID, 24, &given, data),
                slug: SLUG,
                wallet: 14,
                source: Some(8),
                destination: Some(13),
                pool: 20,
            }
            .check();
        }
    }
}
