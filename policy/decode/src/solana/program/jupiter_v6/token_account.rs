//! The token account that Jupiter opens for what passes through a trade, mostly wrapped SOL.
//!
//! Its address is derived from Jupiter's id over `"token_account"`, the user, the mint and a bump that
//! the instruction states, so only Jupiter can have opened it, and only for a user who signs: where the
//! address is derived from the wallet it is the wallet's. Lamports that are sent there before are its
//! rent, and of wrapped SOL what they are beyond.

use countersign_intent::solana::{Address, Asset, Detail as Effect};
use sha2::{Digest, Sha256};

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::anchor::DISCRIMINATOR;
use super::super::super::ata::TokenProgram;
use super::super::super::call::Call;
use super::super::super::ids;
use super::super::super::walk::{Opened, Walk, sol_transfer};
use super::super::super::wire::{Message, RawInstruction};
use super::super::token;
use super::ID;

pub(super) const CREATE: u64 = 0x93f1_7b64_f484_ae76;

const SEED: &[u8] = b"token_account";
const MARKER: &[u8] = b"ProgramDerivedAddress";

/// Slots: account, user, mint, token program, System. The mint may stand in a lookup table: the
/// address proves which it is.
pub(super) fn create(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("create_token_account");
    call.expect_slots(5..=5)?;
    let bump = call.args(DISCRIMINATOR, |args| args.u8("bump"))?;
    call.fixed(4, &ids::SYSTEM)?;
    let index = call.account(0)?.index;
    let account = call.key(0)?;
    let funds = walk.take_funds(index);
    if call.is_other_signer(1)? {
        // Theirs, and so is what the wallet has sent there.
        if funds > 0 {
            walk.push(sol_transfer(funds, account));
        }
        return Ok(());
    }
    call.wallet(1, "the user")?;
    let program = token_program(call)?;
    let mint = mint(walk, call, &account, bump)?;
    let owner = walk.wallet();
    let opened = Opened {
        index,
        owner,
        mint,
        program: Some(program),
    };
    walk.open(call, 0, opened)?;
    let asset = Asset::of_mint(mint);
    walk.push(Effect::OpenAccount {
        account,
        owner,
        asset,
    });
    let rent = walk.token_rent(program);
    token::fund(walk, account, asset, funds.max(rent));
    Ok(())
}

fn token_program(call: &Call<'_>) -> Result<TokenProgram, DecodeError> {
    let key = call.key(3)?;
    TokenProgram::by_id(&key).ok_or_else(|| {
        call.refuse(
            DecodeErrorKind::WrongAccounts,
            format!("expected a token program in slot 3, got `{key}`"),
        )
    })
}

/// The mint that makes the account the one Jupiter derives for the wallet.
fn mint(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    account: &Address,
    bump: u8,
) -> Result<Address, DecodeError> {
    let wallet = walk.wallet();
    let named = call.account(2)?.key;
    let found = match named {
        Some(mint) => (derive(&wallet, &mint, bump) == *account).then_some(mint),
        None => walk.first_mint(call, |mint| derive(&wallet, mint, bump) == *account)?,
    };
    found.ok_or_else(|| match named {
        Some(_) => call.refuse(
            DecodeErrorKind::WrongAccounts,
            format!("`{account}` is not the account that Jupiter derives for the wallet"),
        ),
        None => call.refuse(
            DecodeErrorKind::UnresolvedAccount,
            format!(
                "the mint in slot 2 comes from a lookup table that is not attested, and `{account}` \
                 is not the account that Jupiter derives for the wallet and any mint that is known; \
                 bring its mint as a hint, or name it in the message itself"
            ),
        ),
    })
}

fn derive(user: &Address, mint: &Address, bump: u8) -> Address {
    let digest = Sha256::new()
        .chain_update(SEED)
        .chain_update(user.as_bytes())
        .chain_update(mint.as_bytes())
        .chain_update([bump])
        .chain_update(ID.as_bytes())
        .chain_update(MARKER)
        .finalize();
    Address::new(digest.into())
}

/// The instructions that open such an account: position and account.
pub(in super::super::super) fn openings(message: &Message<'_>) -> Vec<(usize, u8)> {
    let jupiter = |index: u8| {
        let key = message.keys.get(usize::from(index));
        key.is_some_and(|key| key == ID.as_bytes())
    };
    let opens = |(position, instruction): (usize, &RawInstruction<'_>)| {
        let account = instruction.accounts.first()?;
        let opens = instruction.data.starts_with(&CREATE.to_be_bytes());
        (opens && jupiter(instruction.program)).then_some((position, *account))
    };
    let all = message.instructions.iter().enumerate();
    all.filter_map(opens).collect()
}

#[cfg(test)]
mod tests;
