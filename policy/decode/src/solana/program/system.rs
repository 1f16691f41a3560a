//! System program (`solana-system-interface` 3.3).

use countersign_intent::solana::{Address, Detail as Effect, Nonce};
use countersign_intent::{Lifetime, Resource};
use sha2::{Digest, Sha256};

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::ids;
use super::super::tip;
use super::super::walk::{Walk, lamports, sol_transfer};
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

/// Slots: from, to, references. What another signer of the message sends is theirs.
fn transfer(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots_and_references(2)?;
    let units = call.args(DISCRIMINATOR, |args| args.u64("lamports"))?;
    if call.is_other_signer(0)? {
        return call.account_or_wallet(1).map(|_| ());
    }
    call.wallet(0, "the payer")?;
    let receiver = call.account_or_wallet(1)?;
    let to = receiver.key.ok_or_else(|| unknown_receiver(call))?;
    if walk.is_opened_after(call.position, receiver.index) {
        walk.fund(receiver.index, units);
        return Ok(());
    }
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

fn unknown_receiver(call: &Call<'_>) -> DecodeError {
    call.refuse(
        DecodeErrorKind::UnresolvedAccount,
        "the account that gets the SOL comes from a lookup table that is not attested, so nobody can \
         tell a tip from a withdrawal; name it in the message itself, or have the table attested",
    )
}

/// Slots: funder, new account. What another signer of the message creates is theirs.
fn create_account(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(2..=2)?;
    let (units, owner) = call.args(DISCRIMINATOR, |args| {
        let units = args.u64("lamports")?;
        args.u64("space")?;
        Ok((units, address(args, "owner program")?))
    })?;
    if call.is_other_signer(0)? {
        return walk.create(call, 1, owner, None);
    }
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
    // An address that is derived from the wallet takes the wallet's signature, in slot 2.
    if call.is_other_signer(0)? {
        return walk.create(call, 1, owner, None);
    }
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
    walk.create(call, 1, owner, Some(units))
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
    walk.lifetime = Lifetime::HeldUntil(Resource::Solana(Nonce {
        account,
        authority,
        value: *walk.message.lifetime,
    }));
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
    let mut registered = walk.context.nonces.iter();
    if registered.any(|nonce| nonce.account == account) {
        return Err(call.forbid(
            "pays out of a registered nonce account, which can end it while its registration \
             stays; have it taken off the register first",
        ));
    }
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
    let Some(paid) = walk.complete(call, 0, &ids::SYSTEM, None)?.lamports else {
        return Ok(());
    };
    if authority != walk.wallet() {
        return Err(call.refuse(
            DecodeErrorKind::ForeignDestination,
            format!("expected the wallet as the nonce authority, got `{authority}`"),
        ));
    }
    walk.push(Effect::RentDeposit {
        account,
        amount: lamports(paid),
    });
    Ok(())
}

fn address(args: &mut Reader<'_>, what: &str) -> Result<Address, DecodeError> {
    args.array(what).map(|bytes| Address::new(*bytes))
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        STRANGER, Step, WALLET, effects, pay, pays, pool, reads, refusal, signs, step, writes,
    };
    use super::*;

    fn system(accounts: Vec<super::super::super::draft::Use>, data: &[u8]) -> Step {
        step(ids::SYSTEM, accounts, data.to_vec())
    }

    fn create(new: super::super::super::draft::Use, owner: Address) -> Step {
        let mut data = vec![0, 0, 0, 0];
        data.extend(5_000_u64.to_le_bytes());
        data.extend(80_u64.to_le_bytes());
        data.extend(owner.as_bytes());
        system(vec![pays(WALLET), new], &data)
    }

    fn initialize_nonce(authority: Address) -> Step {
        let mut data = vec![6, 0, 0, 0];
        data.extend(authority.as_bytes());
        let accounts = vec![
            writes(pool(1)),
            reads(ids::RECENT_BLOCKHASHES),
            reads(ids::RENT),
        ];
        system(accounts, &data)
    }

    #[test]
    fn takeovers_are_refused_by_name() {
        let owner = STRANGER.as_bytes();
        for (discriminator, name) in [
            (1, "Assign"),
            (7, "AuthorizeNonceAccount"),
            (8, "Allocate"),
            (9, "AllocateWithSeed"),
            (10, "AssignWithSeed"),
            (11, "TransferWithSeed"),
            (12, "UpgradeNonceAccount"),
            (13, "CreateAccountAllowPrefund"),
        ] {
            let data = [&[discriminator, 0, 0, 0][..], owner].concat();
            let error = effects(&[system(vec![pays(WALLET)], &data)]).unwrap_err();
            assert_eq!(error.kind(), DecodeErrorKind::Forbidden);
            assert!(error.to_string().contains(name), "{error}");
        }
        for unknown in [&[14, 0, 0, 0][..], &[2, 0, 0], &[2, 1, 0, 0], &[]] {
            let other = system(vec![pays(WALLET)], unknown);
            assert_eq!(refusal(&[other]), DecodeErrorKind::UnknownInstruction);
        }
    }

    #[test]
    fn a_transfer_has_two_accounts_and_exact_data() {
        let mut longer = pay(STRANGER, 1);
        longer.data.push(0);
        assert_eq!(refusal(&[longer]), DecodeErrorKind::WrongData);
        let mut foreign = pay(STRANGER, 1);
        foreign.accounts[0] = writes(pool(1));
        assert_eq!(refusal(&[foreign]), DecodeErrorKind::WrongAccounts);
        let mut referenced = pay(STRANGER, 1);
        referenced.accounts.push(reads(pool(2)));
        assert_eq!(
            effects(&[referenced.clone()]),
            Ok(vec![sol_transfer(1, STRANGER)])
        );
        referenced.accounts.push(writes(pool(3)));
        assert_eq!(
            effects(&[referenced.clone()]),
            Ok(vec![sol_transfer(1, STRANGER)])
        );
        referenced.accounts.push(signs(pool(4)));
        assert_eq!(refusal(&[referenced]), DecodeErrorKind::WrongAccounts);
        assert_eq!(
            effects(&[pay(WALLET, 1)]),
            Ok(vec![sol_transfer(1, WALLET)])
        );
    }

    #[test]
    fn what_another_signer_sends_is_theirs() {
        for to in [pool(2), WALLET] {
            let mut theirs = pay(to, 5);
            theirs.accounts[0] = pays(STRANGER);
            assert_eq!(effects(&[theirs.clone()]), Ok(vec![]));
            let both = [pay(STRANGER, 1), theirs];
            assert_eq!(effects(&both), Ok(vec![sol_transfer(1, STRANGER)]));
        }
        let mut listed = pay(pool(2), 5);
        listed.accounts[0] = pays(STRANGER);
        listed.accounts.push(signs(WALLET));
        assert_eq!(refusal(&[listed]), DecodeErrorKind::WrongAccounts);
    }

    #[test]
    fn what_another_signer_creates_is_theirs() {
        let theirs = |owner| {
            let mut step = create(pays(pool(1)), owner);
            step.accounts[0] = pays(STRANGER);
            step
        };
        for owner in [
            ids::TOKEN,
            ids::TOKEN_2022,
            ids::STAKE,
            ids::SYSTEM,
            STRANGER,
        ] {
            assert_eq!(effects(&[theirs(owner)]), Ok(vec![]));
        }
        let nonce = [theirs(ids::SYSTEM), initialize_nonce(STRANGER)];
        assert_eq!(effects(&nonce), Ok(vec![]));
        let mut onto_the_wallet = theirs(ids::TOKEN);
        onto_the_wallet.accounts[1] = pays(WALLET);
        assert_eq!(
            refusal(&[onto_the_wallet]),
            DecodeErrorKind::MisplacedWallet
        );
        // Nothing is theirs where nobody else signs.
        let mut unsigned = theirs(ids::TOKEN);
        unsigned.accounts[0] = writes(STRANGER);
        assert_eq!(refusal(&[unsigned]), DecodeErrorKind::WrongAccounts);
    }

    #[test]
    fn what_another_signer_creates_at_an_address_of_the_wallets_is_refused() {
        let mut data = vec![3, 0, 0, 0];
        data.extend(WALLET.as_bytes());
        data.extend(1_u64.to_le_bytes());
        data.extend(b"s");
        data.extend(5_u64.to_le_bytes());
        data.extend(165_u64.to_le_bytes());
        data.extend(ids::TOKEN.as_bytes());
        let accounts = vec![pays(STRANGER), writes(pool(1)), signs(WALLET)];
        let seeded = system(accounts, &data);
        assert_eq!(refusal(&[seeded]), DecodeErrorKind::MisplacedWallet);
    }

    #[test]
    fn accounts_are_created_only_for_what_follows() {
        let foreign = create(pays(pool(1)), STRANGER);
        assert_eq!(refusal(&[foreign]), DecodeErrorKind::Forbidden);
        for owner in [ids::TOKEN, ids::TOKEN_2022, ids::STAKE, ids::SYSTEM] {
            let lonely = create(pays(pool(1)), owner);
            assert_eq!(refusal(&[lonely]), DecodeErrorKind::WrongAccounts);
        }
        let onto_itself = create(pays(WALLET), ids::TOKEN);
        assert!(effects(&[onto_itself]).is_err());
    }

    #[test]
    fn a_nonce_account_is_created_for_the_wallet_only() {
        let fund = create(pays(pool(1)), ids::SYSTEM);
        assert_eq!(
            effects(&[fund.clone(), initialize_nonce(WALLET)]),
            Ok(vec![Effect::RentDeposit {
                account: pool(1),
                amount: lamports(5_000)
            }])
        );
        assert_eq!(
            refusal(&[fund, initialize_nonce(STRANGER)]),
            DecodeErrorKind::ForeignDestination
        );
        assert_eq!(
            refusal(&[initialize_nonce(WALLET)]),
            DecodeErrorKind::WrongAccounts
        );
    }

    #[test]
    fn a_nonce_pays_out_to_somebody_who_is_shown() {
        let withdraw = |to| {
            let data = [&[5, 0, 0, 0][..], &9_u64.to_le_bytes()].concat();
            let accounts = vec![
                writes(pool(1)),
                writes(to),
                reads(ids::RECENT_BLOCKHASHES),
                reads(ids::RENT),
                signs(WALLET),
            ];
            system(accounts, &data)
        };
        assert_eq!(
            effects(&[withdraw(WALLET)]),
            Ok(vec![Effect::Reclaim {
                account: pool(1),
                amount: Some(lamports(9))
            }])
        );
        assert_eq!(
            effects(&[withdraw(STRANGER)]),
            Ok(vec![sol_transfer(9, STRANGER)])
        );
    }

    #[test]
    fn a_seeded_account_is_the_one_the_seed_gives() {
        let seeded = |base: Address, length: u64, new| {
            let mut data = vec![3, 0, 0, 0];
            data.extend(base.as_bytes());
            data.extend(length.to_le_bytes());
            data.extend(b"s");
            data.extend(5_u64.to_le_bytes());
            data.extend(165_u64.to_le_bytes());
            data.extend(ids::TOKEN.as_bytes());
            system(vec![pays(WALLET), writes(new), signs(WALLET)], &data)
        };
        assert_eq!(
            refusal(&[seeded(WALLET, 1, pool(1))]),
            DecodeErrorKind::WrongAccounts
        );
        assert_eq!(
            refusal(&[seeded(STRANGER, 1, pool(1))]),
            DecodeErrorKind::WrongAccounts
        );
        assert_eq!(
            refusal(&[seeded(WALLET, u64::MAX, pool(1))]),
            DecodeErrorKind::WrongData
        );
        assert_eq!(
            refusal(&[seeded(WALLET, 33, pool(1))]),
            DecodeErrorKind::WrongData
        );
    }
}
