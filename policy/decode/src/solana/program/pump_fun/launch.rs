//! pump.fun launches: a coin is created, and mostly bought by the same message.
//!
//! The mint signs beside the wallet. What the coin's accounts cost is a bound from their sizes; the
//! metadata of `create` belongs to another program, which takes a fee of its own.

use countersign_intent::solana::{Address, Asset, Launch};

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::anchor::{self, DISCRIMINATOR};
use super::super::super::call::Call;
use super::super::super::ids;
use super::super::super::swap::Terms;
use super::super::super::walk::{Walk, lamports};
use super::super::super::wire::Reader;
use super::{ID, SLUG};

pub(super) const CREATE: u64 = 0x181e_c828_051c_0777;
pub(super) const CREATE_V2: u64 = 0xd690_4cec_5f8b_31b4;

/// Accounts that `create_v2` takes besides, where a coin is not paired with SOL: the quote mint, the
/// curve's account of it, its token program; and where the quote is itself a coin of pump.fun, five
/// more that say what it is worth (`CREATE_WITH_PUMP_COIN_QUOTE.md` in pump.fun's documents).
const QUOTE: usize = 16;
const PAIRED: std::ops::RangeInclusive<usize> = QUOTE + 3..=QUOTE + 8 + MOST_UNREAD;
/// Accounts that clients add and that the program does not look at.
const MOST_UNREAD: usize = 4;
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
    call.fixed(11, &ids::RENT)?;
    call.fixed(13, &ID)?;
    let cost = walk.context.costs.pump_create;
    launch(walk, call, coin, Asset::Sol, cost)
}

/// Slots: mint, its authority, curve, the curve's tokens, Global, user, System, Token-2022,
/// Associated Token, the mayhem program and four of its accounts, event authority, program, then
/// those of [`QUOTE`].
pub(super) fn create_v2(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("create_v2");
    let paired = call.slot_count() != QUOTE;
    call.expect_slots(if paired { PAIRED } else { QUOTE..=QUOTE })?;
    let coin = call.args(DISCRIMINATOR, |args| {
        let coin = coin(args)?;
        let creator = creator(args)?;
        let mayhem = anchor::flag(args, "mayhem mode")?;
        anchor::trailing_flag(args, "cashback")?;
        if args.remaining() > 0 {
            args.u64("creator fee")?;
        }
        let to_holders = anchor::trailing_flag(args, "holder reward")?;
        Ok(Coin {
            creator: (!to_holders).then_some(creator),
            mayhem,
            ..coin
        })
    })?;
    call.wallet(5, "the user")?;
    call.fixed(15, &ID)?;
    for slot in QUOTE..call.slot_count() {
        expect_no_signature(call, slot)?;
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
    walk.check_pool_side(call, [quote, Asset::of_mint(mint)], &Terms::default())?;
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

fn expect_no_signature(call: &Call<'_>, slot: usize) -> Result<(), DecodeError> {
    if !call.account(slot)?.signer {
        return Ok(());
    }
    Err(call.refuse(
        DecodeErrorKind::WrongAccounts,
        format!("the account in slot {slot} signs, where the coin's quote is described"),
    ))
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

#[cfg(test)]
mod tests;
