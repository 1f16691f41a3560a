//! Meteora DAMM v2 and dynamic bonding curve, which take the same arguments.

use countersign_intent::solana::Address;

use crate::DecodeError;

use super::super::anchor::{DISCRIMINATOR, Refused};
use super::super::call::Call;
use super::super::swap::{Amounts, Bounds, Layout, MintFrom, Side, Terms};
use super::super::walk::Walk;
use super::super::wire::Reader;

pub(super) const V2: Address = Address::from_literal("cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG");
pub(super) const CURVE: Address =
    Address::from_literal("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN");

pub(super) const V2_SLUG: &str = "meteora-damm-v2";
pub(super) const CURVE_SLUG: &str = "meteora-dbc";

const SWAP: u64 = 0xf8c6_9e91_e175_87c8;
const SWAP2: u64 = 0x414b_3f4c_eb5b_5b88;

const fn v2_layout(name: &'static str, discriminator: u64) -> Layout {
    Layout {
        name,
        discriminator,
        // The named accounts, then the instructions sysvar of rate-limited pools.
        slots: 14..=15,
        wallet: 8,
        spend: Side::Token(2, MintFrom::OneOf(6, 7)),
        receive: Side::Token(3, MintFrom::OneOf(6, 7)),
        amounts: Amounts::InThenMinimum,
    }
}

const fn curve_layout(name: &'static str, discriminator: u64) -> Layout {
    Layout {
        name,
        discriminator,
        slots: 15..=16,
        wallet: 9,
        spend: Side::Token(3, MintFrom::OneOf(7, 8)),
        receive: Side::Token(4, MintFrom::OneOf(7, 8)),
        amounts: Amounts::InThenMinimum,
    }
}

const V2_LAYOUTS: [Layout; 2] = [v2_layout("swap", SWAP), v2_layout("swap2", SWAP2)];
const CURVE_LAYOUTS: [Layout; 2] = [curve_layout("swap", SWAP), curve_layout("swap2", SWAP2)];
const CURVE_REFUSED: [Refused; 1] = [(
    0xb75d_9928_18e6_c297,
    "swap2_with_transfer_hook",
    "runs a program of the token's issuer",
)];

pub(super) fn decode_v2(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let layout = Layout::find(call, &V2_LAYOUTS, &[])?;
    trade(walk, call, V2_SLUG, layout, 11)
}

pub(super) fn decode_curve(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let layout = Layout::find(call, &CURVE_LAYOUTS, &CURVE_REFUSED)?;
    trade(walk, call, CURVE_SLUG, layout, 12)
}

fn trade(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    slug: &'static str,
    layout: &Layout,
    referral: usize,
) -> Result<(), DecodeError> {
    let bounds = call.args(DISCRIMINATOR, |args| match layout.discriminator {
        SWAP2 => by_mode(args),
        _ => layout.amounts.read(args),
    })?;
    let terms = Terms {
        fee_account: call.fee_account(referral)?,
        ..Terms::default()
    };
    walk.trade(call, slug, (layout.spend, layout.receive), bounds, terms)
}

fn by_mode(args: &mut Reader<'_>) -> Result<Bounds, DecodeError> {
    let (first, second) = (args.u64("amount_0")?, args.u64("amount_1")?);
    let at = args.position();
    match args.u8("swap mode")? {
        0 | 1 => Ok(Bounds::exact_in(first, second)),
        2 => Ok(Bounds::exact_out(first, second)),
        mode => Err(DecodeError::malformed(
            at,
            format!(
                "expected a swap mode of 0 (exact in), 1 (partial fill) or 2 (exact out), got \
                 {mode}"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{WALLET, ata, reads, refusal, signs, writes};
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use crate::DecodeErrorKind;

    fn check(program: Address, slug: &'static str, (account, mint, wallet): (usize, usize, usize)) {
        for mode in [None, Some(0), Some(1), Some(2)] {
            let discriminator = if mode.is_some() { SWAP2 } else { SWAP };
            let (first, second) = if mode == Some(2) {
                (2_000, 1_000)
            } else {
                (1_000, 2_000)
            };
            let mut data = two_amounts(&discriminator.to_be_bytes(), first, second);
            data.extend(mode);
            let given = [
                (account, writes(ata(WALLET, SPENT))),
                (account + 1, writes(ata(WALLET, RECEIVED))),
                (mint, reads(RECEIVED)),
                (mint + 1, reads(SPENT)),
                (wallet, signs(WALLET)),
                (wallet + 3, reads(program)),
            ];
            let step = instruction(program, wallet + 6, &given, data);
            if mode.is_some() {
                let mut unknown = step.clone();
                *unknown.data.last_mut().unwrap() = 3;
                assert_eq!(refusal(&[unknown]), DecodeErrorKind::WrongData);
            }
            Case {
                step,
                slug,
                wallet,
                source: Some(account),
                destination: Some(account + 1),
                pool: 1,
            }
            .check();
        }
    }

    #[test]
    fn every_swap_is_bounded_and_the_wallets() {
        check(V2, "meteora-damm-v2", (2, 6, 8));
        check(CURVE, "meteora-dbc", (3, 7, 9));
    }
}
