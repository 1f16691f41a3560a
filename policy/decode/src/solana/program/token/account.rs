//! Token accounts of the wallet: opened, closed, wrapped and unwrapped.

use countersign_intent::Amount;
use countersign_intent::solana::{Address, Asset, Detail as Effect, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::account::Account;
use super::super::super::ata::TokenProgram;
use super::super::super::call::Call;
use super::super::super::ids;
use super::super::super::walk::{State, Walk, lamports};
use super::super::super::wire::{Message, RawInstruction};
use super::SYNC_NATIVE;

/// Slots: account, destination, owner, then markers for block builders. The program looks at
/// further accounts only where the owner is a multisig account.
pub(super) fn close_account(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: TokenProgram,
) -> Result<(), DecodeError> {
    call.named("CloseAccount");
    call.no_args(1)?;
    call.expect_slots_and_references(3)?;
    if call.is_other_signer(2)? {
        return close_theirs(walk, call);
    }
    let account = pays_out_to_wallet(call)?;
    let address = call.key(0)?;
    let wrapped =
        program == TokenProgram::Token && walk.is_own(call, &account, WRAPPED_SOL_MINT)?;
    walk.close(call, 0)?;
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

/// Another signer closes an account of theirs; its lamports may go to anybody.
fn close_theirs(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let account = call.account(0)?;
    let known = walk.known(call, &account)?;
    if known.is_some_and(|known| known.owner == walk.wallet()) {
        return Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            "another signer closes an account of the wallet; only the wallet itself may",
        ));
    }
    call.account_or_wallet(1)?;
    walk.close(call, 0)
}

/// Slots: account, destination, authority.
pub(super) fn withdraw_excess(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("WithdrawExcessLamports");
    call.no_args(1)?;
    call.expect_slots(3..=3)?;
    pays_out_to_wallet(call)?;
    let account = call.key(0)?;
    walk.push(Effect::Reclaim {
        account,
        amount: None,
    });
    Ok(())
}

/// Slots: account, destination, authority.
pub(super) fn unwrap_lamports(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
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
    call.expect_slots(3..=3)?;
    pays_out_to_wallet(call)?;
    let account = call.key(0)?;
    walk.push(Effect::Unwrap { account, amount });
    Ok(())
}

// The shared shape of what pays lamports out of a token account: anywhere but to the wallet it
// would be a withdrawal of an amount nobody can bound.
fn pays_out_to_wallet(call: &mut Call<'_>) -> Result<Account, DecodeError> {
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
pub(super) fn sync_native(call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("SyncNative");
    call.expect_slots(1..=2)?;
    call.no_args(1)?;
    if call.slot_count() == 2 {
        call.fixed(1, &ids::RENT)?;
    }
    Ok(())
}

/// Slots: account, mint, then owner and Rent (1), Rent (16), or nothing or the owner (18). An
/// account that another signer paid for may be anybody's.
pub(super) fn initialize_account(
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
    let (account, mint) = (call.key(0)?, call.key(1)?);
    let created = walk.complete(call, 0, &program.id(), Some((owner, mint)))?;
    if owner != walk.wallet() {
        if created.lamports.is_none() {
            return Ok(());
        }
        return Err(call.refuse(
            DecodeErrorKind::ForeignDestination,
            format!("expected the wallet as the owner of the new account, got `{owner}`"),
        ));
    }
    let asset = Asset::of_mint(mint);
    walk.push(Effect::OpenAccount {
        account,
        owner,
        asset,
    });
    if let Some(paid) = created.lamports {
        fund(walk, account, asset, paid);
    }
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
pub(in super::super) fn fund(walk: &mut Walk<'_>, account: Address, asset: Asset, units: u64) {
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

pub(super) fn initialize_immutable_owner(
    walk: &Walk<'_>,
    call: &mut Call<'_>,
) -> Result<(), DecodeError> {
    call.named("InitializeImmutableOwner");
    call.expect_slots(1..=1)?;
    call.no_args(1)?;
    let state = walk.facts.state(call.account(0)?.index);
    if matches!(state, Some(State::Created(_))) {
        return Ok(());
    }
    Err(call.refuse(
        DecodeErrorKind::WrongAccounts,
        "marks an account that no earlier instruction of this message creates",
    ))
}

/// The instructions that make lamports sent to an account wrapped SOL: position and account.
pub(in super::super::super) fn syncs(message: &Message<'_>) -> Vec<(usize, u8)> {
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
pub(in super::super) fn wrap(
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
