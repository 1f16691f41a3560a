//! SPL Token program (`spl-token-interface` 3.0, p-token), and the instructions Token-2022
//! shares with it.

use countersign_intent::{Address, Amount, Asset, AuthorityKind, Effect, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::account::Account;
use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::ids;
use super::super::swap::MintFrom;
use super::super::walk::{Opened, Walk, lamports};
use super::super::wire::{Message, RawInstruction};

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
        1 => initialize_account(walk, call, program, "InitializeAccount"),
        3 => transfer(walk, call, program),
        5 => revoke(walk, call),
        6 => set_authority(walk, call),
        8 => burn(walk, call, "Burn"),
        9 => close_account(walk, call, program),
        12 => transfer_checked(walk, call, program),
        15 => burn(walk, call, "BurnChecked"),
        16 => initialize_account(walk, call, program, "InitializeAccount2"),
        SYNC_NATIVE => sync_native(call),
        18 => initialize_account(walk, call, program, "InitializeAccount3"),
        22 => initialize_immutable_owner(walk, call),
        38 => withdraw_excess(walk, call),
        45 => unwrap_lamports(walk, call),
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

/// Slots: source, destination, authority.
fn transfer(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    call.named("Transfer");
    call.expect_slots(3..=3)?;
    let units = call.args(1, |args| args.u64("amount"))?;
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
pub(super) fn transfer_of_named_mint(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    units: u64,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    match program {
        TokenProgram::Token => call.expect_slots_and_references(4)?,
        // Further accounts would be those of a transfer hook.
        TokenProgram::Token2022 => call.expect_slots(4..=4)?,
    }
    let mint = call.key(1)?;
    call.wallet(3, "the authority")?;
    transferred(walk, call, 2, (mint, units), program)
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

/// Slots: account, destination, owner.
fn close_account(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    call.named("CloseAccount");
    call.no_args(1)?;
    let account = pays_out_to_wallet(call)?;
    let address = call.key(0)?;
    let wrapped =
        program == TokenProgram::Token && walk.is_own(call, &account, WRAPPED_SOL_MINT)?;
    let effect = if wrapped {
        Effect::Unwrap {
            account: address,
            amount: None,
        }
    } else {
        Effect::CloseAccount {
            account: address,
            destination: walk.wallet(),
        }
    };
    walk.push(effect);
    Ok(())
}

/// Slots: account, destination, authority.
fn withdraw_excess(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("WithdrawExcessLamports");
    call.no_args(1)?;
    pays_out_to_wallet(call)?;
    let account = call.key(0)?;
    walk.push(Effect::Reclaim {
        account,
        amount: None,
    });
    Ok(())
}

/// Slots: account, destination, authority.
fn unwrap_lamports(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("UnwrapLamports");
    let amount = call.args(1, |args| {
        let at = args.position();
        match args.u8("option")? {
            0 => Ok(None),
            1 => args.u64("amount").map(|units| Some(lamports(units))),
            other => Err(DecodeError::malformed(
                at,
                format!("expected 0 (everything) or 1 (an amount follows), got {other}"),
            )),
        }
    })?;
    pays_out_to_wallet(call)?;
    let account = call.key(0)?;
    walk.push(Effect::Unwrap { account, amount });
    Ok(())
}

// The shared shape of what pays lamports out of a token account: anywhere but to the wallet it
// would be a withdrawal of an amount nobody can bound.
fn pays_out_to_wallet(call: &mut Call<'_>) -> Result<Account, DecodeError> {
    call.expect_slots(3..=3)?;
    call.wallet(2, "the authority")?;
    if !call.is_wallet(1)? {
        let destination = call
            .account(1)?
            .key
            .map_or_else(|| "an unknown account".to_owned(), |key| format!("`{key}`"));
        return Err(call.forbid(format!(
            "pays the account's lamports to {destination}; only the wallet itself may receive \
             them"
        )));
    }
    call.account(0)
}

/// Slots: account, and with older clients Rent.
fn sync_native(call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("SyncNative");
    call.expect_slots(1..=2)?;
    call.no_args(1)?;
    if call.slot_count() == 2 {
        call.fixed(1, &ids::RENT)?;
    }
    Ok(())
}

/// Slots: account, mint, then owner and Rent (1), Rent (16), or nothing or the owner (18).
fn initialize_account(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
    name: &'static str,
) -> Result<(), DecodeError> {
    call.named(name);
    let owner = if name == "InitializeAccount" {
        call.expect_slots(4..=4)?;
        call.no_args(1)?;
        call.fixed(3, &ids::RENT)?;
        call.key_or_wallet(2)?
    } else {
        call.expect_slots(2..=3)?;
        if call.slot_count() == 3 && call.key_or_wallet(2)? != owner_or_rent(walk, name) {
            return Err(call.refuse(
                DecodeErrorKind::WrongAccounts,
                "the third account is neither left out nor the expected one",
            ));
        }
        call.args(1, |args| {
            args.array("owner").map(|bytes| Address::new(*bytes))
        })?
    };
    let created = walk.take_created(call, 0, &program.id())?;
    if owner != walk.wallet() {
        return Err(call.refuse(
            DecodeErrorKind::ForeignDestination,
            format!("expected the wallet as the owner of the new account, got `{owner}`"),
        ));
    }
    let (account, mint) = (call.key(0)?, call.key(1)?);
    let asset = Asset::of_mint(mint);
    walk.open(Opened {
        index: created.index,
        owner,
        mint,
        program: Some(program),
    });
    walk.push(Effect::OpenAccount {
        account,
        owner,
        asset,
    });
    fund(walk, account, asset, created.lamports);
    Ok(())
}

// The third account: what the instruction asks for, or the owner that some clients repeat.
fn owner_or_rent(walk: &Walk<'_>, name: &str) -> Address {
    if name == "InitializeAccount2" {
        ids::RENT
    } else {
        walk.wallet()
    }
}

// What a new wrapped-SOL account holds beyond its rent is wrapped SOL.
fn fund(walk: &mut Walk<'_>, account: Address, asset: Asset, units: u64) {
    let total = lamports(units);
    let rent = match asset {
        Asset::Sol => total.min(lamports(walk.context.costs.token_account_rent)),
        Asset::Token(_) => total,
    };
    let wrapped = total.saturating_sub(rent);
    walk.push(Effect::RentDeposit {
        account,
        amount: rent,
    });
    if wrapped > Amount::ZERO {
        walk.push(Effect::Wrap {
            account,
            amount: wrapped,
        });
    }
}

fn initialize_immutable_owner(walk: &Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("InitializeImmutableOwner");
    call.expect_slots(1..=1)?;
    call.no_args(1)?;
    if walk.is_created(call.account(0)?.index) {
        return Ok(());
    }
    Err(call.refuse(
        DecodeErrorKind::WrongAccounts,
        "marks an account that no earlier instruction of this message creates",
    ))
}

/// The instructions that make lamports sent to an account wrapped SOL: position and account.
pub(crate) fn syncs(message: &Message<'_>) -> Vec<(usize, u8)> {
    let token = |index: u8| {
        let key = message.keys.get(usize::from(index));
        key.is_some_and(|key| key == ids::TOKEN.as_bytes())
    };
    let sync = |(position, instruction): (usize, &RawInstruction<'_>)| {
        let account = instruction.accounts.first()?;
        let syncs = instruction.data == [SYNC_NATIVE] && token(instruction.program);
        syncs.then_some((position, *account))
    };
    message
        .instructions
        .iter()
        .enumerate()
        .filter_map(sync)
        .collect()
}

/// A transfer of SOL into the wallet's own wrapped-SOL account.
pub(super) fn wrap(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    account: &Account,
    units: u64,
) -> Result<(), DecodeError> {
    if !walk.is_own(call, account, WRAPPED_SOL_MINT)? {
        return Err(call.refuse(
            DecodeErrorKind::ForeignDestination,
            "wraps SOL into an account that is not provably the wallet's wrapped-SOL account",
        ));
    }
    let address = account.key.ok_or_else(|| {
        call.refuse(
            DecodeErrorKind::UnresolvedAccount,
            "the wrapped-SOL account comes from a lookup table that is not attested",
        )
    })?;
    walk.push(Effect::Wrap {
        account: address,
        amount: lamports(units),
    });
    Ok(())
}
