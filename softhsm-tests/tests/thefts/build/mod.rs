//! The transactions, by the name of their file.

mod act;
mod other;
mod stake;
mod swap;
mod system;
mod token;
mod token_2022;
mod wire;

use std::collections::BTreeMap;

use softhsm_tests::message::{self, Version};
use solana_instruction::{AccountMeta, Instruction};
use solana_message::{AddressLookupTableAccount, VersionedMessage, v0};
use solana_pubkey::Pubkey;

use super::actors::*;

pub(crate) use act::{Act, RECEIVED, SPENT, act, opened_by_thief};

/// Files and the bytes in them.
pub(crate) type Transactions = BTreeMap<&'static str, Vec<u8>>;

/// Every transaction.
pub(crate) fn transactions() -> Transactions {
    let families = [
        system::transactions(),
        token::transactions(),
        token_2022::transactions(),
        stake::transactions(),
        other::transactions(),
        swap::transactions(),
        wire::transactions(),
    ];
    let count: usize = families.iter().map(Vec::len).sum();
    let all: Transactions = families.into_iter().flatten().collect();
    assert_eq!(all.len(), count, "two transactions have one name");
    all
}

/// What does nothing bad by itself.
pub(crate) fn harmless() -> Vec<Instruction> {
    vec![
        system::pay(COLD, 1),
        system::pay(victim(), 1),
        token::open(victim(), WRAPPED),
        token::open(victim(), USDC),
        token::open(COLD, COIN),
        token::open(thief(), COIN),
        swap::fair(),
        call(BUDGET, &[], &[&[2], &200_000_u32.to_le_bytes()]),
        call(swap::MEMO, &[], &[b"nothing"]),
    ]
}

/// What keeps a token account: wrapped into, closed, its delegates revoked.
pub(crate) fn upkeep_of(account: Pubkey) -> Vec<Instruction> {
    let accounts = [w(account), s(victim())];
    vec![
        call(TOKEN, &[w(account)], &[&[17]]),
        token::close(account, victim()),
        call(TOKEN, &accounts, &[&[5]]),
        call(TOKEN, &accounts, &[&[6, 3, 0]]),
    ]
}

/// A file's name and its transaction.
type Named = (&'static str, Vec<u8>);

/// A legacy transaction that the wallet pays for, not signed yet.
fn legacy(name: &'static str, instructions: &[Instruction]) -> Named {
    let message =
        message::compile(Version::Legacy, &victim(), instructions, message::BLOCKHASH).unwrap();
    (name, unsigned(Version::Legacy, &message))
}

/// A transaction that finds an account in the thief's table.
fn looked_up(name: &'static str, steps: &[Instruction], entry: Pubkey) -> Named {
    let table = AddressLookupTableAccount {
        key: THIEFS_TABLE,
        addresses: vec![entry],
    };
    let message = v0::Message::try_compile(&victim(), steps, &[table], message::BLOCKHASH);
    let message = message.unwrap();
    assert_eq!(message.address_table_lookups.len(), 1);
    (name, unsigned(Version::V0, &VersionedMessage::V0(message)))
}

fn unsigned(version: Version, message: &VersionedMessage) -> Vec<u8> {
    let slots = usize::from(message.header().num_required_signatures);
    message::transaction(version, &vec![[0; 64]; slots], &message.serialize()).unwrap()
}

fn call(program: Pubkey, accounts: &[AccountMeta], data: &[&[u8]]) -> Instruction {
    Instruction {
        program_id: program,
        accounts: accounts.to_vec(),
        data: data.concat(),
    }
}

/// A read-only account.
fn r(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, false)
}

/// A writable account.
fn w(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, false)
}

/// A read-only signer.
fn s(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, true)
}

/// A writable signer.
fn ws(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, true)
}
