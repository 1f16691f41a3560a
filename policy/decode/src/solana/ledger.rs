//! What the Solana app of a Ledger shows of a transaction, and what it shows as a bare hash or
//! refuses: as 1.9.0 does (`LedgerHQ/app-solana`, `libsol/message.c`, `transaction_printers.c`),
//! and the newer ones for what is said here. Good for advice: the device decides.

use std::fmt;

use crate::DecodeError;

use super::ids::{COMPUTE_BUDGET, SYSTEM};
use super::program::MEMOS;
use super::wire::{Message, RawInstruction, Version};

/// Most instructions that 1.9.0 takes apart.
const MOST_INSTRUCTIONS: usize = 4;

const TRANSFER: [u8; 4] = [2, 0, 0, 0];
const ADVANCE_NONCE: [u8; 4] = [4, 0, 0, 0];

/// What a person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Amount, recipient, sender and who pays.
    InFull,
    /// The same; a memo is signed and not shown.
    WithoutMemo,
    /// A hash, if blind signing is on.
    Hash(Hidden),
}

/// Why a Ledger shows a hash and not what a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// A version that it does not take apart.
    Version,
    /// Accounts that only a table names.
    LookupTable,
    /// Too many instructions.
    TooMany(usize),
    /// A compute-budget instruction behind the transfer.
    BudgetBehind,
    /// Something else than one transfer of native SOL.
    NoTransfer,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => {
                f.write_str("the message is of a version that the app does not take apart")
            }
            Self::LookupTable => f.write_str("the message takes accounts from a lookup table"),
            Self::TooMany(count) => write!(
                f,
                "the message has {count} instructions, and the app takes {MOST_INSTRUCTIONS} apart"
            ),
            Self::BudgetBehind => f.write_str(
                "a compute-budget instruction stands behind the transfer, and the app takes it only \
                 before; have the bot put it first",
            ),
            Self::NoTransfer => f.write_str(
                "the app shows one transfer of native SOL in full, and this is something else",
            ),
        }
    }
}

/// What the app shows of a message.
///
/// # Errors
/// Bytes that are no message.
pub fn shown_by_ledger(message: &[u8]) -> Result<Shown, DecodeError> {
    Ok(shown(&Message::parse(message)?))
}

fn shown(message: &Message<'_>) -> Shown {
    if message.version == Version::V1 {
        return Shown::Hash(Hidden::Version);
    }
    if !message.lookups.is_empty() {
        return Shown::Hash(Hidden::LookupTable);
    }
    if message.instructions.len() > MOST_INSTRUCTIONS {
        return Shown::Hash(Hidden::TooMany(message.instructions.len()));
    }
    let is = |one: &RawInstruction<'_>, program: &[u8; 32]| {
        message.keys.get(usize::from(one.program)) == Some(program)
    };
    let budget = |one: &&RawInstruction<'_>| is(one, COMPUTE_BUDGET.as_bytes());
    let memo = |one: &&RawInstruction<'_>| MEMOS.iter().any(|id| is(one, id.as_bytes()));
    let rest: Vec<&RawInstruction<'_>> = message
        .instructions
        .iter()
        .filter(|one| !memo(one))
        .collect();
    let rest = match rest.as_slice() {
        [first, rest @ ..] if is(first, SYSTEM.as_bytes()) && first.data == ADVANCE_NONCE => rest,
        all => all,
    };
    let before = rest.iter().take_while(|one| budget(one)).count();
    let rest = rest.get(before..).unwrap_or_default();
    let transfer = |one: &RawInstruction<'_>| {
        is(one, SYSTEM.as_bytes()) && one.data.len() == 12 && one.data.starts_with(&TRANSFER)
    };
    match rest {
        [only] if transfer(only) => {
            if message.instructions.iter().any(|one| memo(&one)) {
                Shown::WithoutMemo
            } else {
                Shown::InFull
            }
        }
        [first, behind @ ..] if transfer(first) && behind.iter().all(budget) => {
            Shown::Hash(Hidden::BudgetBehind)
        }
        _ => Shown::Hash(Hidden::NoTransfer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A legacy message of these instructions: program by its place, accounts, data.
    fn message(instructions: &[(u8, &[u8], &[u8])]) -> Vec<u8> {
        let memo = MEMOS[0].as_bytes();
        let mut out = vec![1, 0, 3, 5];
        for key in [
            &[7; 32],
            &[8; 32],
            SYSTEM.as_bytes(),
            COMPUTE_BUDGET.as_bytes(),
            memo,
        ] {
            out.extend_from_slice(key);
        }
        out.extend_from_slice(&[9; 32]);
        out.push(u8::try_from(instructions.len()).unwrap());
        for (program, accounts, data) in instructions {
            out.push(*program);
            out.push(u8::try_from(accounts.len()).unwrap());
            out.extend_from_slice(accounts);
            out.push(u8::try_from(data.len()).unwrap());
            out.extend_from_slice(data);
        }
        out
    }

    const PAY: (u8, &[u8], &[u8]) = (2, &[0, 1], &[2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0]);
    const LIMIT: (u8, &[u8], &[u8]) = (3, &[], &[2, 1, 0, 0, 0]);
    const PRICE: (u8, &[u8], &[u8]) = (3, &[], &[3, 1, 0, 0, 0, 0, 0, 0, 0]);
    const MEMO: (u8, &[u8], &[u8]) = (4, &[], b"104");

    #[test]
    fn one_transfer_is_shown_with_the_budget_before_it_alone() {
        for (instructions, expected) in [
            (vec![PAY], Shown::InFull),
            (vec![LIMIT, PRICE, PAY], Shown::InFull),
            (vec![PAY, LIMIT], Shown::Hash(Hidden::BudgetBehind)),
            (vec![LIMIT, PAY, PRICE], Shown::Hash(Hidden::BudgetBehind)),
            (vec![PAY, PAY], Shown::Hash(Hidden::NoTransfer)),
            (vec![MEMO], Shown::Hash(Hidden::NoTransfer)),
            (vec![PAY, MEMO], Shown::WithoutMemo),
            (vec![MEMO, LIMIT, PAY], Shown::WithoutMemo),
            (
                vec![LIMIT, PRICE, PAY, MEMO, MEMO],
                Shown::Hash(Hidden::TooMany(5)),
            ),
        ] {
            let bytes = message(&instructions);
            assert_eq!(
                shown_by_ledger(&bytes).unwrap(),
                expected,
                "{instructions:?}"
            );
        }
        assert!(shown_by_ledger(b"\xffsolana offchain").is_err());
    }
}
