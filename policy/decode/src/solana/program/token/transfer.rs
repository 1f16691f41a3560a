//! Tokens that leave an account of the wallet. What another signer of the message moves is theirs:
//! an account of the wallet has no other authority, as none was ever signed for.

use countersign_intent::solana::{Address, Asset, Detail as Effect};

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::ata::TokenProgram;
use super::super::super::call::Call;
use super::super::super::swap::MintFrom;
use super::super::super::walk::{Walk, lamports};

/// Slots: source, destination, authority.
pub(super) fn transfer(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    call.named("Transfer");
    call.expect_slots(3..=3)?;
    let units = call.args(1, |args| args.u64("amount"))?;
    if call.is_other_signer(2)? {
        return Ok(());
    }
    call.wallet(2, "the authority")?;
    let source = walk
        .own_token_account(call, 0, MintFrom::Nowhere)
        .map_err(|error| {
            call.refuse(
                error.kind(),
                format!(
                    "{}; use TransferChecked, which names the mint",
                    error.message()
                ),
            )
        })?;
    if !source.is_under(program) {
        return Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            "the source belongs to the other token program",
        ));
    }
    transferred(walk, call, 1, (source.mint, units), program)
}

/// Slots: source, mint, destination, authority.
pub(super) fn transfer_checked(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    call.named("TransferChecked");
    let units = call.args(1, |args| {
        let units = args.u64("amount")?;
        args.u8("decimals")?;
        Ok(units)
    })?;
    transfer_of_named_mint(walk, call, units, program)
}

/// The accounts of the transfers that name their mint.
pub(in super::super) fn transfer_of_named_mint(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    units: u64,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    match program {
        TokenProgram::Token => call.expect_slots_and_references(4)?,
        TokenProgram::Token2022 if call.slot_count() > 4 => return Err(hooked(call)),
        TokenProgram::Token2022 => call.expect_slots(4..=4)?,
    }
    if call.is_other_signer(3)? {
        return Ok(());
    }
    let mint = call.key(1)?;
    call.wallet(3, "the authority")?;
    transferred(walk, call, 2, (mint, units), program)
}

/// References cannot be told from what a hook asks for.
fn hooked(call: &Call<'_>) -> DecodeError {
    call.forbid(format!(
        "brings {} accounts more than a transfer has: those of a program that the token's issuer has \
         run at each transfer (a transfer hook), or references. What that program does is not in this \
         message, so such a token is not sent; for any other, leave the further accounts out",
        call.slot_count().saturating_sub(4)
    ))
}

fn transferred(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    destination: usize,
    (mint, units): (Address, u64),
    program: TokenProgram,
) -> Result<(), DecodeError> {
    let account = call.account(destination)?;
    let address = call.key(destination)?;
    let owner = walk.owner_of(call, &account, mint, program)?;
    walk.push(Effect::Transfer {
        asset: Asset::of_mint(mint),
        amount: lamports(units),
        to: owner.unwrap_or(address),
        token_account: Some(address),
    });
    Ok(())
}
