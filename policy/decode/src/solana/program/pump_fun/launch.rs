//! pump.fun launches: a coin is created, and mostly bought by the same message.
//!
//! The mint signs beside the wallet. What the coin's accounts cost is a bound from their sizes; the
//! metadata of `create` belongs to another program, which takes a fee of its own.

use countersign_intent::Asset;
use countersign_intent::solana::{Address, Launch};

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::anchor::{self, DISCRIMINATOR};
use super::super::super::call::Call;
use super::super::super::ids;
use super::super::super::walk::{Walk, lamports};
use super::super::super::wire::Reader;
use super::{ID, SLUG};

pub(super) const CREATE: u64 = 0x181e_c828_051c_0777;
pub(super) const CREATE_V2: u64 = 0xd690_4cec_5f8b_31b4;
pub(super) const EXTEND_ACCOUNT: u64 = 0xea66_c2cb_9648_3ee5;
pub(super) const INIT_ACCUMULATOR: u64 = 0x5e06_ca73_ff60_e8b7;

/// Accounts that `create_v2` takes besides, where a coin is not paired with SOL: the quote mint, the
/// curve's account of it, its token program.
const QUOTE: usize = 16;
/// Bytes of a mint with its metadata inside, less name, symbol and address of the description.
const MINT_BYTES: u64 = 318;

struct Coin {
    name: String,
    symbol: String,
    uri: String,
    creator: Option<Address>,
    /// Whether accounts of the mayhem program are opened too.
    mayhem: bool,
}

/// Slots: mint, its authority, curve, the curve's tokens, Global, metadata program, metadata, user,
/// System, SPL Token, Associated Token, Rent, event authority, program.
pub(super) fn create(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("create");
    call.expect_slots(14..=14)?;
    let coin = call.args(DISCRIMINATOR, |args| {
        let coin = coin(args)?;
        // The creator came later.
        let named = args.remaining() > 0;
        let creator = named.then(|| creator(args)).transpose()?;
        Ok(Coin { creator, ..coin })
    })?;
    call.wallet(7, "the user")?;
    for (slot, key) in [
        (8, ids::SYSTEM),
        (9, ids::TOKEN),
        (10, ids::ASSOCIATED_TOKEN),
        (11, ids::RENT),
        (13, ID),
    ] {
        call.fixed(slot, &key)?;
    }
    let cost = walk.context.costs.pump_create;
    launch(walk, call, coin, Asset::Sol, cost)
}

/// Slots: mint, its authority, curve, the curve's tokens, Global, user, System, Token-2022,
/// Associated Token, five of the mayhem program, event authority, program, then [`QUOTE`].
pub(super) fn create_v2(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("create_v2");
    let paired = call.slot_count() != QUOTE;
    let count = if paired { QUOTE + 3 } else { QUOTE };
    call.expect_slots(count..=count)?;
    let coin = call.args(DISCRIMINATOR, |args| {
        let coin = coin(args)?;
        let creator = creator(args)?;
        let mayhem = anchor::flag(args, "mayhem mode")?;
        anchor::trailing_flag(args, "cashback")?;
        if args.remaining() > 0 {
            args.u64("creator fee")?;
        }
        anchor::trailing_flag(args, "holder reward")?;
        Ok(Coin {
            creator: Some(creator),
            mayhem,
            ..coin
        })
    })?;
    call.wallet(5, "the user")?;
    for (slot, key) in [
        (6, ids::SYSTEM),
        (7, ids::TOKEN_2022),
        (8, ids::ASSOCIATED_TOKEN),
        (15, ID),
    ] {
        call.fixed(slot, &key)?;
    }
    let quote = if paired {
        Asset::of_mint(call.key(QUOTE)?)
    } else {
        Asset::Sol
    };
    let cost = cost_v2(walk, &coin, paired);
    launch(walk, call, coin, quote, cost)
}

/// The most that a coin's accounts cost: mint, curve, the curve's tokens, and one more each for the
/// quote, and two in mayhem mode.
fn cost_v2(walk: &Walk<'_>, coin: &Coin, paired: bool) -> u64 {
    let costs = &walk.context.costs;
    let texts = [&coin.name, &coin.symbol, &coin.uri];
    let bytes = texts.iter().map(|text| text.len() as u64).sum::<u64>();
    let mint = costs.rent(MINT_BYTES.saturating_add(bytes));
    let accounts = 1 + u64::from(paired) + 2 * u64::from(coin.mayhem);
    let tokens = costs.token_2022_account_rent.saturating_mul(accounts);
    mint.saturating_add(costs.pump_curve).saturating_add(tokens)
}

fn launch(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    coin: Coin,
    quote: Asset,
    cost: u64,
) -> Result<(), DecodeError> {
    let mint = call.key(0)?;
    if !call.account(0)?.signer {
        return Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            "the coin's mint in slot 0 does not sign; it is a new key that has to",
        ));
    }
    walk.launch(Launch {
        program: SLUG,
        mint,
        creator: coin.creator,
        quote,
        name: coin.name,
        symbol: coin.symbol,
        uri: coin.uri,
        cost: lamports(cost),
    });
    Ok(())
}

fn coin(args: &mut Reader<'_>) -> Result<Coin, DecodeError> {
    Ok(Coin {
        name: text(args, "name")?,
        symbol: text(args, "symbol")?,
        uri: text(args, "address of the description")?,
        creator: None,
        mayhem: false,
    })
}

fn creator(args: &mut Reader<'_>) -> Result<Address, DecodeError> {
    args.array("creator").map(|bytes| Address::new(*bytes))
}

fn text(args: &mut Reader<'_>, what: &str) -> Result<String, DecodeError> {
    let length = usize::try_from(args.u32(what)?).unwrap_or(usize::MAX);
    let at = args.position();
    let bytes = args.take(length, what)?;
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|_| DecodeError::malformed(at, format!("the {what} is not UTF-8")))
}

/// Slots: account, user, System, event authority, program; the user pays for what an account of
/// the first size lacks.
pub(super) fn extend_account(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("extend_account");
    call.expect_slots(5..=5)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(1, "the user")?;
    call.fixed(2, &ids::SYSTEM)?;
    call.fixed(4, &ID)?;
    walk.deposit(ID, walk.context.costs.pump_extension);
    Ok(())
}

/// Slots: payer, user, accumulator, System, event authority, program.
pub(super) fn init_accumulator(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
) -> Result<(), DecodeError> {
    call.named("init_user_volume_accumulator");
    call.expect_slots(6..=6)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(0, "the payer")?;
    call.wallet(1, "the user")?;
    call.fixed(3, &ids::SYSTEM)?;
    walk.deposit(call.key(2)?, walk.context.costs.pump_accumulator_rent);
    Ok(())
}

#[cfg(test)]
mod tests;
