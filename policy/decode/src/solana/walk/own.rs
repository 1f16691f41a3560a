//! Whose a token account is.

use countersign_intent::{Address, Asset, USDC, USDT, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::account::Account;
use super::super::ata::{Candidate, TokenProgram};
use super::super::call::Call;
use super::super::ids;
use super::{Opened, Walk};

impl<'m> Walk<'m> {
    /// What an earlier instruction of this message, or the operator, says about an account.
    pub(crate) fn known_account(&self, account: &Account) -> Option<Opened> {
        let opened = self
            .opened
            .iter()
            .find(|opened| opened.index == account.index);
        opened.copied().or_else(|| {
            let registered = self
                .context
                .accounts
                .iter()
                .find(|known| Some(known.account) == account.key)?;
            Some(Opened {
                index: account.index,
                owner: self.context.wallet,
                mint: registered.mint,
                program: None,
            })
        })
    }

    /// The first candidate whose associated account this is; what is found is remembered.
    pub(crate) fn prove<I>(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        candidates: I,
    ) -> Result<Option<Opened>, DecodeError>
    where
        I: Iterator<Item = Candidate> + Clone,
    {
        let Some(key) = account.key else {
            return Ok(None);
        };
        let found = self.prover.find(&key, candidates);
        let found = found.map_err(|_| exhausted(call))?;
        let proven = found.map(|candidate| Opened {
            index: account.index,
            owner: candidate.owner,
            mint: candidate.mint,
            program: Some(candidate.program),
        });
        self.opened.extend(proven);
        Ok(proven)
    }

    /// How many of these accounts are the wallet's, as far as this message, the operator and the
    /// mints that are known can tell. `no_mints` are no mints, or of accounts not among these.
    pub(crate) fn own_among(
        &mut self,
        call: &Call<'_>,
        accounts: &[Account],
        no_mints: &[Option<Address>],
    ) -> Result<usize, DecodeError> {
        let wallet = self.wallet();
        let is_former = |account: &Account| {
            let former = self.context.former_accounts;
            account.key.is_some_and(|key| former.contains(&key))
        };
        let (known, unknown): (Vec<Account>, Vec<Account>) = accounts
            .iter()
            .partition(|account| is_former(account) || self.known_account(account).is_some());
        let is_own = |account: &&Account| {
            let known = self.known_account(account);
            known.map_or_else(|| is_former(account), |known| known.owner == wallet)
        };
        let own = known.iter().filter(is_own).count();
        let keys: Vec<Address> = unknown.iter().filter_map(|account| account.key).collect();
        if keys.is_empty() {
            return Ok(own);
        }
        let candidates = self
            .unnamed(wallet)
            .filter(|one| !no_mints.contains(&Some(one.mint)));
        let found = self.prover.count(&keys, candidates);
        Ok(own + found.map_err(|_| exhausted(call))?)
    }

    /// Whether an account is the wallet's own account for `mint`.
    pub(crate) fn is_own(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        mint: Address,
    ) -> Result<bool, DecodeError> {
        let wallet = self.wallet();
        let candidates = own_candidates(wallet, mint);
        let known = match self.known_account(account) {
            Some(known) => Some(known),
            None => self.prove(call, account, candidates)?,
        };
        Ok(known.is_some_and(|known| known.owner == wallet && known.mint == mint))
    }

    /// The associated accounts of an owner whose mint an instruction does not name.
    pub(crate) fn unnamed(
        &self,
        owner: Address,
    ) -> impl Iterator<Item = Candidate> + Clone + use<'m> {
        let Self {
            context,
            accounts,
            message,
            ..
        } = *self;
        // These mints are SPL Token's; of the others only the address is known.
        let well_known = [
            Some(WRAPPED_SOL_MINT),
            mint_of(USDC.asset),
            mint_of(USDT.asset),
        ];
        let well_known = well_known.into_iter().flatten().map(move |mint| Candidate {
            owner,
            program: TokenProgram::Token,
            mint,
        });
        let instructions = &message.instructions;
        let is_program = move |index| instructions.iter().any(|called| called.program == index);
        let in_message = accounts
            .iter()
            .filter(move |account| !account.signer && !account.writable)
            .filter(move |account| !is_program(account.index))
            .filter_map(|account| account.key);
        let hinted = context.mints.iter().copied();
        // An account of Token-2022 cannot be used by a message that does not name that program.
        let token_2022 = accounts
            .iter()
            .any(|account| account.key.is_none_or(|key| key == ids::TOKEN_2022));
        let possible =
            move |candidate: &Candidate| token_2022 || candidate.program == TokenProgram::Token;
        let others = hinted
            .chain(in_message)
            .flat_map(move |mint| own_candidates(owner, mint))
            .filter(possible);
        well_known.chain(others)
    }
}

/// An owner's associated accounts for a mint, under both token programs.
pub(crate) fn own_candidates(
    owner: Address,
    mint: Address,
) -> impl Iterator<Item = Candidate> + Clone {
    TokenProgram::ALL.into_iter().map(move |program| Candidate {
        owner,
        program,
        mint,
    })
}

fn mint_of(asset: Asset) -> Option<Address> {
    match asset {
        Asset::Token(mint) => Some(mint),
        Asset::Sol => None,
    }
}

fn exhausted(call: &Call<'_>) -> DecodeError {
    call.refuse(
        DecodeErrorKind::TooMuchWork,
        "the message names more unproven token accounts than one request may search for; name \
         their mints",
    )
}
