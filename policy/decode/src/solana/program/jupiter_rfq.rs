//! JupiterZ order engine: a market maker fills the wallet's side at the price in the arguments.
//!
//! The program is published (`jup-ag/rfq-webhook-toolkit`, `programs/order-engine`). It moves the input
//! from taker to maker and the output from maker to taker, both in full, unless the expiry has passed.
//! What follows its arguments is for the market maker's own reading (`Non-standard payload` there):
//! the fee in basis points and whether the input is exact, and in newer orders two bytes more, of
//! which nothing is written down. None of it can matter to what moves: the program's one handler gets
//! the three arguments and no data, reads no instruction back from the transaction, and the fee is
//! left out of the output that the arguments state before anybody signs.

use countersign_intent::solana::{Address, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR};
use super::super::call::Call;
use super::super::swap::{Bounds, MintFrom, Side, Terms};
use super::super::walk::Walk;

pub(super) const ID: Address =
    Address::from_literal("61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH");
pub(super) const SLUG: &str = "jupiterz";
const FILL: u64 = 0xa860_b7a3_5c0a_28a0;

/// How many bytes follow the arguments.
const FURTHER: [usize; 3] = [0, 3, 5];

/// Slots: taker, maker, then input and output accounts of each, mints with their programs,
/// System, and where wrapped SOL is paid out as SOL, the account of the program that it passes
/// through. The wallet takes; a maker wallet would be giving a quote.
pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    if anchor::discriminator(call) != Some(FILL) {
        return Err(anchor::refuse(call, &[]));
    }
    call.named("fill");
    call.expect_slots(11..=12)?;
    call.wallet(0, "the taker")?;
    let bounds = call.args(DISCRIMINATOR, |args| {
        let bounds = Bounds::exact_in(args.u64("input")?, args.u64("output")?);
        args.u64("expiry")?;
        let further = args.remaining();
        if FURTHER.contains(&further) {
            args.take(further, "the market maker's bytes")?;
        }
        Ok(bounds)
    })?;
    let sides = (side(call, 2, 6)?, side(call, 4, 8)?);
    walk.trade(call, SLUG, sides, bounds, Terms::default())
}

// Where the token account is left out, SOL moves from or to the wallet itself.
fn side(call: &Call<'_>, account: usize, mint: usize) -> Result<Side, DecodeError> {
    if call.optional(account)?.is_some() {
        return Ok(Side::Token(account, MintFrom::Slot(mint)));
    }
    if call.key(mint)? == WRAPPED_SOL_MINT {
        return Ok(Side::Native);
    }
    Err(call.refuse(
        DecodeErrorKind::WrongAccounts,
        format!("slot {account} names no token account for a token that is not SOL"),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        STRANGER, WALLET, ata, effects, pool, reads, refusal, signs, writes,
    };
    use super::super::super::trade_check::{Case, RECEIVED, SPENT, instruction, two_amounts};
    use super::*;
    use crate::DecodeErrorKind;
    use countersign_intent::solana::{Asset, Detail as Effect};

    fn fill() -> Case {
        let mut data = two_amounts(&FILL.to_be_bytes(), 1_000, 2_000);
        data.extend([9; 8]);
        let given = [
            (0, signs(WALLET)),
            (1, signs(STRANGER)),
            (2, writes(ata(WALLET, SPENT))),
            (4, writes(ata(WALLET, RECEIVED))),
            (6, reads(SPENT)),
            (8, reads(RECEIVED)),
        ];
        Case {
            step: instruction(ID, 11, &given, data),
            slug: SLUG,
            wallet: 0,
            source: Some(2),
            destination: Some(4),
            pool: 3,
        }
    }

    #[test]
    fn a_fill_is_bounded_and_the_wallets() {
        fill().check();
    }

    #[test]
    fn a_side_without_an_account_is_sol() {
        let mut step = fill().step;
        step.accounts[2] = reads(ID);
        assert_eq!(refusal(&[step.clone()]), DecodeErrorKind::WrongAccounts);
        step.accounts[6] = reads(WRAPPED_SOL_MINT);
        match &effects(&[step]).unwrap()[..] {
            [Effect::Swap(swap)] => assert_eq!(swap.spend, Asset::Sol),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_makers_own_bytes_and_its_passing_account_may_follow() {
        let plain = effects(&[fill().step]).unwrap();
        for (further, understood) in [(3, true), (5, true), (1, false), (4, false), (6, false)] {
            let mut step = fill().step;
            step.data.extend(vec![10; further]);
            match effects(&[step]) {
                Ok(same) => assert!(understood && same == plain, "{further}"),
                Err(error) => {
                    assert!(!understood, "{further}: {error}");
                    assert_eq!(error.kind(), DecodeErrorKind::WrongData);
                }
            }
        }
        let mut passing = fill().step;
        passing.accounts.push(writes(pool(70)));
        assert_eq!(effects(&[passing.clone()]), Ok(plain));
        passing.accounts[11] = writes(WALLET);
        assert_eq!(refusal(&[passing]), DecodeErrorKind::MisplacedWallet);
    }

    #[test]
    fn the_wallet_never_makes() {
        let mut step = fill().step;
        step.accounts.swap(0, 1);
        assert_eq!(refusal(&[step]), DecodeErrorKind::WrongAccounts);
    }
}
