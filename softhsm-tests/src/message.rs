//! Solana messages for tests, made by the libraries that real bots use.

use anyhow::{Context, Result};
use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::{Message, VersionedMessage, v0, v1};
use solana_pubkey::Pubkey;
use spl_associated_token_account_interface::address::get_associated_token_address;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;
use spl_token_interface::instruction as token;
use spl_token_interface::instruction::AuthorityType;

pub use solana_system_interface::instruction as system;

/// A recent blockhash, where nothing executes the message.
pub const BLOCKHASH: Hash = Hash::new_from_array([7; 32]);

/// Wire format of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Without a version byte.
    Legacy,
    /// With lookup tables, of which none is used.
    V0,
    /// With the configuration in the message.
    V1,
}

impl Version {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Legacy, Self::V0, Self::V1];
}

/// Compiles a message that `payer` pays for.
///
/// # Errors
/// Instructions that fit into no message.
pub fn compile(
    version: Version,
    payer: &Pubkey,
    instructions: &[Instruction],
    blockhash: Hash,
) -> Result<VersionedMessage> {
    Ok(match version {
        Version::Legacy => VersionedMessage::Legacy(Message::new_with_blockhash(
            instructions,
            Some(payer),
            &blockhash,
        )),
        Version::V0 => VersionedMessage::V0(v0::Message::try_compile(
            payer,
            instructions,
            &[],
            blockhash,
        )?),
        Version::V1 => {
            VersionedMessage::V1(v1::Message::try_compile(payer, instructions, blockhash)?)
        }
    })
}

/// Bytes of a legacy message with the usual blockhash.
#[must_use]
pub fn legacy(payer: &Pubkey, instructions: &[Instruction]) -> Vec<u8> {
    Message::new_with_blockhash(instructions, Some(payer), &BLOCKHASH).serialize()
}

/// Bytes of a message that sends SOL.
#[must_use]
pub fn transfer(from: &Pubkey, to: &Pubkey, lamports: u64) -> Vec<u8> {
    legacy(from, &[system::transfer(from, to, lamports)])
}

/// The instructions that send tokens from the owner's associated account to that of `to`, which
/// is opened if it is not there.
///
/// # Errors
/// Nothing that happens with these arguments.
pub fn token_transfer(
    owner: &Pubkey,
    to: &Pubkey,
    mint: &Pubkey,
    amount: u64,
    decimals: u8,
) -> Result<Vec<Instruction>> {
    let program = spl_token_interface::ID;
    Ok(vec![
        create_associated_token_account_idempotent(owner, to, mint, &program),
        token::transfer_checked(
            &program,
            &get_associated_token_address(owner, mint),
            mint,
            &get_associated_token_address(to, mint),
            owner,
            &[],
            amount,
            decimals,
        )?,
    ])
}

/// Hands the owner's associated token account to somebody else.
///
/// # Errors
/// Nothing that happens with these arguments.
pub fn set_authority(owner: &Pubkey, mint: &Pubkey, to: &Pubkey) -> Result<Instruction> {
    Ok(token::set_authority(
        &spl_token_interface::ID,
        &get_associated_token_address(owner, mint),
        Some(to),
        AuthorityType::AccountOwner,
        owner,
        &[],
    )?)
}

/// Lets somebody else spend from the owner's associated token account.
///
/// # Errors
/// Nothing that happens with these arguments.
pub fn approve(
    owner: &Pubkey,
    mint: &Pubkey,
    delegate: &Pubkey,
    amount: u64,
) -> Result<Instruction> {
    Ok(token::approve(
        &spl_token_interface::ID,
        &get_associated_token_address(owner, mint),
        delegate,
        owner,
        &[],
        amount,
    )?)
}

/// An instruction of a program that nothing here understands, which takes the wallet as signer.
#[must_use]
pub fn unknown_program(wallet: &Pubkey) -> Instruction {
    Instruction {
        program_id: Pubkey::new_from_array([0xab; 32]),
        accounts: vec![AccountMeta::new(*wallet, true)],
        data: vec![1, 2, 3],
    }
}

/// Bytes of a transaction: a count, that many signatures, then the message; or, in version 1,
/// the message first.
///
/// # Errors
/// More signatures than a transaction may have.
pub fn transaction(version: Version, signatures: &[[u8; 64]], message: &[u8]) -> Result<Vec<u8>> {
    let count = u8::try_from(signatures.len())
        .ok()
        .filter(|count| *count < 0x80)
        .context("expected fewer than 128 signatures")?;
    let signatures = signatures.concat();
    Ok(match version {
        Version::Legacy | Version::V0 => [&[count][..], &signatures, message].concat(),
        Version::V1 => [message, &signatures].concat(),
    })
}
