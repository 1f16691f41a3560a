//! System program (`solana-system-interface` 3.3).

use countersign_intent::{Address, Effect, Lifetime};
use sha2::{Digest, Sha256};

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::ids;
use super::super::tip;
use super::super::walk::{Created, Walk, lamports, sol_transfer};
use super::super::wire::Reader;
use super::token;

const DISCRIMINATOR: usize = 4;
const MAX_SEED: u64 = 32;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let (name, decode): (&'static str, super::Decode) = match call.data() {
        [0, 0, 0, 0, ..] => ("CreateAccount", create_account),
        [1, 0, 0, 0, ..] => ("Assign", takeover),
        [2, 0, 0, 0, ..] => ("Transfer", transfer),
        [3, 0, 0, 0, ..] => ("CreateAccountWithSeed", create_account_with_seed),
        [4, 0, 0, 0, ..] => ("AdvanceNonceAccount", advance_nonce),
        [5, 0, 0, 0, ..] => ("WithdrawNonceAccount", withdraw_nonce),
        [6, 0, 0, 0, ..] => ("InitializeNonceAccount", initialize_nonce),
        [7, 0, 0, 0, ..] => ("AuthorizeNonceAccount", hand_over_nonce),
        [8, 0, 0, 0, ..] => ("Allocate", takeover),
        [9, 0, 0, 0, ..] => ("AllocateWithSeed", takeover),
        [10, 0, 0, 0, ..] => ("AssignWithSeed", takeover),
        [11, 0, 0, 0, ..] => ("TransferWithSeed", transfer_with_seed),
        [12, 0, 0, 0, ..] => ("UpgradeNonceAccount", hand_over_nonce),
        [13, 0, 0, 0, ..] => ("CreateAccountAllowPrefund", takeover),
        _ => {
            return Err(call.refuse(
                DecodeErrorKind::UnknownInstruction,
                "expected a System instruction from 0 to 13",
            ));
        }
    };
    call.named(name);
    decode(walk, call)
}

fn takeover(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid(
        "gives an account of the wallet space or another owner program, which takes it over or \
         makes it unusable",
    ))
}

fn hand_over_nonce(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("changes a nonce account, and with it who may use it and its lamports"))
}

fn transfer_with_seed(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("empties an account derived from the wallet; use Transfer"))
}

/// Slots: from, to, references.
fn transfer(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots_and_references(2)?;
    let units = call.args(DISCRIMINATOR, |args| args.u64("lamports"))?;
    call.wallet(0, "the payer")?;
    let to = call.key_or_wallet(1)?;
    let receiver = call.account(1)?;
    if walk.is_synced_after(call.position, receiver.index) {
        return token::wrap(walk, call, &receiver, units);
    }
    let effect = if tip::is_tip_account(&to, walk.context) {
        Effect::Tip {
            to,
            amount: lamports(units),
        }
    } else {
        sol_transfer(units, to)
    };
    walk.push(effect);
    Ok(())
}

/// Slots: funder, new account.
fn create_account(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(2..=2)?;
    let (units, owner) = call.args(DISCRIMINATOR, |args| {
        let units = args.u64("lamports")?;
        args.u64("space")?;
        Ok((units, address(args, "owner program")?))
    })?;
    call.wallet(0, "the payer")?;
    created(walk, call, units, owner)
}

/// Slots: funder, new account, base (older clients leave it out where it is the funder).
fn create_account_with_seed(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(2..=3)?;
    let (base, seed, units, owner) = call.args(DISCRIMINATOR, |args| {
        let base = address(args, "base")?;
        let at = args.position();
        let length = args.u64("seed length")?;
        if length > MAX_SEED {
            return Err(DecodeError::malformed(
                at,
                format!("a seed of {length} bytes, at most {MAX_SEED} are possible"),
            ));
        }
        let seed = args.take(usize::try_from(length).unwrap_or(usize::MAX), "seed")?;
        let units = args.u64("lamports")?;
        args.u64("space")?;
        Ok((base, seed, units, address(args, "owner program")?))
    })?;
    call.wallet(0, "the payer")?;
    if call.slot_count() == 3 {
        call.wallet(2, "the base")?;
    }
    let derived: [u8; 32] = Sha256::new()
        .chain_update(base.as_bytes())
        .chain_update(seed)
        .chain_update(owner.as_bytes())
        .finalize()
        .into();
    if base != walk.wallet() || call.key(1)? != Address::new(derived) {
        return Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            "the new account is not the one that the wallet, the seed and the owner program give",
        ));
    }
    created(walk, call, units, owner)
}

// What the account is for shows in the instruction that initialises it.
fn created(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    units: u64,
    owner: Address,
) -> Result<(), DecodeError> {
    let initialisable = [ids::TOKEN, ids::TOKEN_2022, ids::STAKE, ids::SYSTEM];
    if !initialisable.contains(&owner) {
        return Err(call.forbid(format!(
            "creates an account that belongs to program `{owner}` with the wallet's lamports"
        )));
    }
    walk.create(Created {
        index: call.account(1)?.index,
        position: call.position,
        program: owner,
        lamports: units,
    });
    Ok(())
}

/// Slots: nonce account, RecentBlockhashes, authority.
fn advance_nonce(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(3..=3)?;
    call.no_args(DISCRIMINATOR)?;
    if call.position != 0 {
        return Err(call.forbid(
            "a nonce is advanced only by the first instruction of the message that uses it",
        ));
    }
    let account = call.key(0)?;
    call.fixed(1, &ids::RECENT_BLOCKHASHES)?;
    call.wallet(2, "the nonce authority")?;
    let authority = walk.wallet();
    let registered = walk
        .context
        .nonces
        .iter()
        .any(|nonce| nonce.account == account && nonce.authority == authority);
    // The chain takes only a static, writable account as the nonce of the message.
    let usable =
        usize::from(call.account(0)?.index) < walk.message.keys.len() && call.account(0)?.writable;
    if !registered || !usable {
        return Err(call.refuse(
            DecodeErrorKind::UnregisteredNonce,
            format!(
                "nonce account `{account}` is not registered for this wallet; a signature with a \
                 durable nonce does not expire, use a recent blockhash"
            ),
        ));
    }
    walk.lifetime = Lifetime::DurableNonce {
        account,
        authority,
        value: *walk.message.lifetime,
    };
    walk.push(Effect::NonceAdvance { account, authority });
    Ok(())
}

/// Slots: nonce account, recipient, RecentBlockhashes, Rent, authority.
fn withdraw_nonce(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(5..=5)?;
    let units = call.args(DISCRIMINATOR, |args| args.u64("lamports"))?;
    let account = call.key(0)?;
    let recipient = call.key_or_wallet(1)?;
    call.fixed(2, &ids::RECENT_BLOCKHASHES)?;
    call.fixed(3, &ids::RENT)?;
    call.wallet(4, "the nonce authority")?;
    let effect = if recipient == walk.wallet() {
        Effect::Reclaim {
            account,
            amount: Some(lamports(units)),
        }
    } else {
        sol_transfer(units, recipient)
    };
    walk.push(effect);
    Ok(())
}

/// Slots: nonce account, RecentBlockhashes, Rent.
fn initialize_nonce(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(3..=3)?;
    let authority = call.args(DISCRIMINATOR, |args| address(args, "authority"))?;
    let account = call.key(0)?;
    call.fixed(1, &ids::RECENT_BLOCKHASHES)?;
    call.fixed(2, &ids::RENT)?;
    let created = walk.take_created(call, 0, &ids::SYSTEM)?;
    if authority != walk.wallet() {
        return Err(call.refuse(
            DecodeErrorKind::ForeignDestination,
            format!("expected the wallet as the nonce authority, got `{authority}`"),
        ));
    }
    walk.push(Effect::RentDeposit {
        account,
        amount: lamports(created.lamports),
    });
    Ok(())
}

fn address(args: &mut Reader<'_>, what: &str) -> Result<Address, DecodeError> {
    args.array(what).map(|bytes| Address::new(*bytes))
}
