//! SPL Token program (`spl-token-interface` 3.0, p-token), and the instructions Token-2022
//! shares with it.

mod account;
mod transfer;

use countersign_intent::solana::{Asset, AuthorityKind, Detail as Effect};

use crate::{DecodeError, DecodeErrorKind};

use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::walk::{Walk, lamports};

pub(in super::super) use account::syncs;
pub(super) use account::{fund, wrap};
pub(super) use transfer::transfer_of_named_mint;

/// Wrapped SOL's amount follows its lamports.
const SYNC_NATIVE: u8 = 17;
const SET_CLOSE_AUTHORITY_TO_NOBODY: [u8; 3] = [6, 3, 0];

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    decode_shared(walk, call, TokenProgram::Token)
}

/// Reads an instruction that both token programs have.
pub(super) fn decode_shared(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    let Some(discriminator) = call.data().first().copied() else {
        return Err(call.refuse(
            DecodeErrorKind::UnknownInstruction,
            "expected a token instruction, got no data",
        ));
    };
    match discriminator {
        1 => account::initialize_account(walk, call, program, "InitializeAccount"),
        3 => transfer::transfer(walk, call, program),
        5 => revoke(walk, call),
        6 => set_authority(walk, call),
        8 => burn(walk, call, "Burn"),
        9 => account::close_account(walk, call, program),
        12 => transfer::transfer_checked(walk, call, program),
        15 => burn(walk, call, "BurnChecked"),
        16 => account::initialize_account(walk, call, program, "InitializeAccount2"),
        SYNC_NATIVE => account::sync_native(call),
        18 => account::initialize_account(walk, call, program, "InitializeAccount3"),
        22 => account::initialize_immutable_owner(walk, call),
        38 => account::withdraw_excess(walk, call),
        45 => account::unwrap_lamports(walk, call),
        other => Err(refused(call, other)),
    }
}

fn refused(call: &mut Call<'_>, discriminator: u8) -> DecodeError {
    let (name, why) = match discriminator {
        0 => ("InitializeMint", "tokens are not issued with a user wallet"),
        2 => ("InitializeMultisig", "multisig accounts are not understood"),
        4 => (
            "Approve",
            "lets somebody else spend from the account at any later time",
        ),
        7 => ("MintTo", "tokens are not issued with a user wallet"),
        10 => (
            "FreezeAccount",
            "tokens are not administered with a user wallet",
        ),
        11 => (
            "ThawAccount",
            "tokens are not administered with a user wallet",
        ),
        13 => (
            "ApproveChecked",
            "lets somebody else spend from the account at any later time",
        ),
        14 => ("MintToChecked", "tokens are not issued with a user wallet"),
        19 => (
            "InitializeMultisig2",
            "multisig accounts are not understood",
        ),
        20 => (
            "InitializeMint2",
            "tokens are not issued with a user wallet",
        ),
        21 => ("GetAccountDataSize", "does nothing a wallet needs"),
        23 => ("AmountToUiAmount", "does nothing a wallet needs"),
        24 => ("UiAmountToAmount", "does nothing a wallet needs"),
        255 => (
            "Batch",
            "hides instructions inside one; send them as instructions of their own",
        ),
        _ => {
            return call.refuse(
                DecodeErrorKind::UnknownInstruction,
                format!("discriminator {discriminator} is not understood"),
            );
        }
    };
    call.named(name);
    call.forbid(why)
}

/// Slots: account, owner.
fn revoke(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("Revoke");
    call.expect_slots(2..=2)?;
    call.no_args(1)?;
    call.wallet(1, "the owner")?;
    let account = call.key(0)?;
    walk.push(Effect::Revoke { account });
    Ok(())
}

/// Slots: account, authority.
fn set_authority(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("SetAuthority");
    if call.data() != SET_CLOSE_AUTHORITY_TO_NOBODY {
        return Err(call
            .forbid("hands over an authority; only a close authority may be given up, to nobody"));
    }
    call.expect_slots(2..=2)?;
    call.wallet(1, "the authority")?;
    let account = call.key(0)?;
    walk.push(Effect::AuthorityChange {
        account,
        kind: AuthorityKind::CloseAccount,
        new_authority: None,
    });
    Ok(())
}

/// Slots: account, mint, owner.
fn burn(walk: &mut Walk<'_>, call: &mut Call<'_>, name: &'static str) -> Result<(), DecodeError> {
    call.named(name);
    call.expect_slots(3..=3)?;
    let units = call.args(1, |args| {
        let units = args.u64("amount")?;
        if name == "BurnChecked" {
            args.u8("decimals")?;
        }
        Ok(units)
    })?;
    call.wallet(2, "the owner")?;
    let effect = Effect::Burn {
        asset: Asset::of_mint(call.key(1)?),
        amount: lamports(units),
        account: call.key(0)?,
    };
    walk.push(effect);
    Ok(())
}

#[cfg(test)]
mod tests;
