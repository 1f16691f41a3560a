//! One instruction, as a program's decoder sees it.

use std::borrow::Cow;

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind, Place};

use super::account::Account;
use super::wire::Reader;

/// References that a simple payment may carry.
const MAX_REFERENCES: usize = 4;

/// An instruction under decoding. It remembers in which slots its decoder expects the wallet;
/// a wallet in any other slot refuses the message, because every instruction that lists the
/// wallet can use its signature.
#[derive(Debug)]
pub(crate) struct Call<'m> {
    pub(crate) position: usize,
    program: &'static str,
    program_id: Address,
    name: Option<&'static str>,
    slots: &'m [u8],
    data: &'m [u8],
    accounts: &'m [Account],
    wallet: u8,
    expected: [u64; 4],
}

impl<'m> Call<'m> {
    pub(crate) const fn new(
        position: usize,
        program: &'static str,
        program_id: Address,
        (slots, data): (&'m [u8], &'m [u8]),
        accounts: &'m [Account],
        wallet: u8,
    ) -> Self {
        Self {
            position,
            program,
            program_id,
            name: None,
            slots,
            data,
            accounts,
            wallet,
            expected: [0; 4],
        }
    }

    /// Names the instruction for refusals.
    pub(crate) const fn named(&mut self, name: &'static str) {
        self.name = Some(name);
    }

    /// The instruction's name, once its decoder has said it.
    pub(crate) const fn name(&self) -> Option<&'static str> {
        self.name
    }

    pub(crate) const fn data(&self) -> &'m [u8] {
        self.data
    }

    pub(crate) const fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// A refusal at this instruction.
    pub(crate) fn refuse(
        &self,
        kind: DecodeErrorKind,
        message: impl Into<Cow<'static, str>>,
    ) -> DecodeError {
        let place = Place::Instruction {
            index: self.position,
            program: Some(self.program),
            name: self.name,
        };
        DecodeError::new(kind, Some(place), message)
    }

    /// Understood, and never signed.
    pub(crate) fn forbid(&self, why: impl Into<Cow<'static, str>>) -> DecodeError {
        self.refuse(DecodeErrorKind::Forbidden, why)
    }

    /// Reads the data after the discriminator and refuses what is left over.
    pub(crate) fn args<T>(
        &self,
        skip: usize,
        read: impl FnOnce(&mut Reader<'m>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let wrong = |error: &DecodeError| {
            self.refuse(DecodeErrorKind::WrongData, error.message().to_owned())
        };
        let mut reader = Reader::new(self.data.get(skip..).unwrap_or_default());
        let value = read(&mut reader).map_err(|error| wrong(&error))?;
        reader
            .finish("instruction data")
            .map_err(|error| wrong(&error))?;
        Ok(value)
    }

    /// Requires that the data is its discriminator alone.
    pub(crate) fn no_args(&self, skip: usize) -> Result<(), DecodeError> {
        self.args(skip, |_| Ok(()))
    }

    /// Requires a number of accounts.
    pub(crate) fn expect_slots(
        &self,
        counts: std::ops::RangeInclusive<usize>,
    ) -> Result<(), DecodeError> {
        if counts.contains(&self.slots.len()) {
            return Ok(());
        }
        let expected = if counts.start() == counts.end() {
            counts.start().to_string()
        } else {
            format!("{} to {}", counts.start(), counts.end())
        };
        Err(self.refuse(
            DecodeErrorKind::WrongAccounts,
            format!("expected {expected} accounts, got {}", self.slots.len()),
        ))
    }

    /// Requires a number of accounts, after which accounts that do not sign may follow: payment
    /// references and markers that the program does not look at. Some wallets mark them writable.
    pub(crate) fn expect_slots_and_references(&self, count: usize) -> Result<(), DecodeError> {
        self.expect_slots(count..=count + MAX_REFERENCES)?;
        for slot in count..self.slots.len() {
            if self.account(slot)?.signer {
                return Err(self.refuse(
                    DecodeErrorKind::WrongAccounts,
                    format!("expected a reference in slot {slot}, got an account that signs"),
                ));
            }
        }
        Ok(())
    }

    /// Requires that no account from a slot on signs or may be written to.
    pub(crate) fn expect_powerless_from(&self, slot: usize) -> Result<(), DecodeError> {
        for slot in slot..self.slots.len() {
            let account = self.account(slot)?;
            if account.signer || account.writable {
                return Err(self.refuse(
                    DecodeErrorKind::WrongAccounts,
                    format!(
                        "expected an account in slot {slot} that neither signs nor may be written to"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Whether somebody else who signs this message stands in a slot: what only they can move is
    /// theirs to move.
    pub(crate) fn is_other_signer(&self, slot: usize) -> Result<bool, DecodeError> {
        let account = self.account(slot)?;
        Ok(account.signer && account.index != self.wallet)
    }

    /// The account in a slot; the wallet in it is not expected.
    pub(crate) fn account(&self, slot: usize) -> Result<Account, DecodeError> {
        self.slots
            .get(slot)
            .and_then(|index| self.accounts.get(usize::from(*index)))
            .copied()
            .ok_or_else(|| {
                self.refuse(
                    DecodeErrorKind::WrongAccounts,
                    format!(
                        "expected an account in slot {slot}, got {}",
                        self.slots.len()
                    ),
                )
            })
    }

    /// The account in a slot where the wallet may stand.
    pub(crate) fn account_or_wallet(&mut self, slot: usize) -> Result<Account, DecodeError> {
        self.expect_wallet(slot);
        self.account(slot)
    }

    /// The address in a slot that matters.
    pub(crate) fn key(&self, slot: usize) -> Result<Address, DecodeError> {
        let account = self.account(slot)?;
        account.key.ok_or_else(|| {
            self.refuse(
                DecodeErrorKind::UnresolvedAccount,
                format!(
                    "the account in slot {slot} comes from a lookup table that is not attested; \
                     name it in the message itself, or have the table attested"
                ),
            )
        })
    }

    /// The address in a slot that matters and where the wallet may stand.
    pub(crate) fn key_or_wallet(&mut self, slot: usize) -> Result<Address, DecodeError> {
        self.expect_wallet(slot);
        self.key(slot)
    }

    /// Requires the wallet, as a signer, in a slot; `role` says what the slot is for.
    pub(crate) fn wallet(&mut self, slot: usize, role: &str) -> Result<(), DecodeError> {
        self.expect_wallet(slot);
        let account = self.account(slot)?;
        if account.index == self.wallet {
            return Ok(());
        }
        let got = account.key.map_or_else(
            || "an account from a lookup table".to_owned(),
            |key| format!("`{key}`"),
        );
        Err(self.refuse(
            DecodeErrorKind::WrongAccounts,
            format!("expected the wallet as {role} in slot {slot}, got {got}"),
        ))
    }

    /// Whether the wallet stands in a slot where it may.
    pub(crate) fn is_wallet(&mut self, slot: usize) -> Result<bool, DecodeError> {
        Ok(self.account_or_wallet(slot)?.index == self.wallet)
    }

    /// Whether an account is the wallet.
    pub(crate) const fn is_wallets(&self, account: &Account) -> bool {
        account.index == self.wallet
    }

    /// Requires a fixed address in a slot; an unresolved one is left to the program, which checks
    /// its own sysvars. A program that it calls is a [`Callee`](super::walk::Callee) of its row.
    pub(crate) fn fixed(&self, slot: usize, expected: &Address) -> Result<(), DecodeError> {
        match self.account(slot)?.key {
            Some(key) if key != *expected => Err(self.refuse(
                DecodeErrorKind::WrongAccounts,
                format!("expected `{expected}` in slot {slot}, got `{key}`"),
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Anchor writes "no account" as the program's own id.
    pub(crate) fn optional(&self, slot: usize) -> Result<Option<Account>, DecodeError> {
        let account = self.account(slot)?;
        Ok((account.key != Some(self.program_id)).then_some(account))
    }

    /// The account of an optional fee slot, which must be known if there is one.
    pub(crate) fn fee_account(&self, slot: usize) -> Result<Option<Address>, DecodeError> {
        match self.optional(slot)? {
            None => Ok(None),
            Some(_) => self.key(slot).map(Some),
        }
    }

    /// Expects the wallet in a slot and in any slot after it.
    pub(crate) fn expect_wallet_from(&mut self, slot: usize) {
        for later in slot..self.slots.len() {
            self.expect_wallet(later);
        }
    }

    fn expect_wallet(&mut self, slot: usize) {
        if let Some(word) = self.expected.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    /// Refuses a wallet in a slot where its decoder did not expect it.
    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        let expected = |slot: usize| {
            self.expected
                .get(slot / 64)
                .is_some_and(|word| (word >> (slot % 64)) & 1 == 1)
        };
        let misplaced = self
            .slots
            .iter()
            .enumerate()
            .find(|(slot, index)| **index == self.wallet && !expected(*slot));
        match misplaced {
            None => Ok(()),
            Some((slot, _)) => Err(self.refuse(
                DecodeErrorKind::MisplacedWallet,
                format!(
                    "the wallet stands in slot {slot}, where the instruction has no use for it \
                     but would get its signature"
                ),
            )),
        }
    }
}
