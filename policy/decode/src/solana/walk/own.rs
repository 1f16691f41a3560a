//! Whose a token account is.

use countersign_intent::solana::Address;

use countersign_intent::solana::{Asset, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::super::account::Account;
use super::super::ata::{Candidate, TokenProgram};
use super::super::call::Call;
use super::super::ids;
use super::Walk;
use super::facts::{Created, Did, Opened, State, contradiction};

impl<'m> Walk<'m> {
    /// What is known of an account at this step: from earlier instructions, from the operator, or
    /// because it is associated.
    ///
    /// # Errors
    /// An account that an earlier instruction has closed, or that holds no tokens.
    pub(crate) fn known(
        &self,
        call: &Call<'_>,
        account: &Account,
    ) -> Result<Option<Opened>, DecodeError> {
        match self.facts.state(account.index) {
            Some(State::Open(opened)) => Ok(Some(opened)),
            Some(state) => Err(contradiction(call, account, state)),
            None => {
                let registered = self.registered(account);
                Ok(registered.or_else(|| self.facts.associated(account.index)))
            }
        }
    }

    /// What the operator says about an account.
    fn registered(&self, account: &Account) -> Option<Opened> {
        let mut all = self.context.accounts.iter();
        let registered = all.find(|known| Some(known.account) == account.key)?;
        Some(Opened {
            index: account.index,
            owner: self.context.wallet,
            mint: registered.mint,
            program: None,
        })
    }

    /// Remembers a new account until its initialisation.
    pub(crate) fn create(
        &mut self,
        call: &Call<'_>,
        slot: usize,
        program: Address,
        lamports: Option<u64>,
    ) -> Result<(), DecodeError> {
        let account = call.account(slot)?;
        self.check_unregistered(call, &account)?;
        let created = Created {
            index: account.index,
            position: call.position,
            program,
            lamports,
        };
        self.facts.create(call, &account, created)
    }

    /// Initialises an account that an earlier instruction creates: as a token account, or as
    /// something else of `program`.
    pub(crate) fn complete(
        &mut self,
        call: &Call<'_>,
        slot: usize,
        program: &Address,
        token_account: Option<(Address, Address)>,
    ) -> Result<Created, DecodeError> {
        let account = call.account(slot)?;
        let into = token_account.map_or(State::Other, |(owner, mint)| {
            State::Open(Opened {
                index: account.index,
                owner,
                mint,
                program: TokenProgram::by_id(program),
            })
        });
        self.facts.complete(call, &account, program, into)
    }

    /// Opens the token account in a slot, which nobody but its program can have opened otherwise:
    /// an associated account, or one whose address its program derives.
    pub(crate) fn open(
        &mut self,
        call: &Call<'_>,
        slot: usize,
        opened: Opened,
    ) -> Result<(), DecodeError> {
        let account = call.account(slot)?;
        let registered = self.registered(&account);
        if registered.is_some_and(|known| (known.owner, known.mint) != (opened.owner, opened.mint))
        {
            return self.check_unregistered(call, &account);
        }
        self.facts.open(call, &account, opened)
    }

    /// Closes the token account in a slot. A registered account that somebody else could open
    /// again stays: its registration would outlive it.
    pub(crate) fn close(&mut self, call: &Call<'_>, slot: usize) -> Result<(), DecodeError> {
        let account = call.account(slot)?;
        if let Some(registered) = self.registered(&account) {
            let own = own_candidates(registered.owner, registered.mint);
            if self.prove(call, &account, own)?.is_none() {
                return Err(call.forbid(
                    "closes a registered token account: whoever has its key could open it as \
                     theirs, and it would still count as the wallet's; have it taken off the \
                     register first",
                ));
            }
        }
        self.facts.close(call, &account)
    }

    fn check_unregistered(&self, call: &Call<'_>, account: &Account) -> Result<(), DecodeError> {
        match self.registered(account) {
            None => Ok(()),
            Some(registered) => Err(contradiction(call, account, State::Open(registered))),
        }
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
        if let Some(proven) = proven {
            self.facts.remember_associated(proven);
        }
        Ok(proven)
    }

    /// How many of these accounts are the wallet's, or may be, as far as this message, the
    /// operator and `candidates` can tell. An account that was the wallet's and is closed or
    /// registered no more still counts.
    pub(crate) fn own_among(
        &mut self,
        call: &Call<'_>,
        accounts: &[Account],
        candidates: impl Iterator<Item = Candidate>,
    ) -> Result<usize, DecodeError> {
        let wallet = self.wallet();
        let mut own = 0;
        let mut unknown = Vec::new();
        for account in accounts {
            match self.whose(account) {
                Some(owner) => own += usize::from(owner == wallet),
                None => unknown.extend(account.key),
            }
        }
        if unknown.is_empty() {
            return Ok(own);
        }
        let facts = &self.facts;
        // The associated account that is found already is not among those nobody knows.
        let candidates = candidates.filter(|one| !facts.is_found(one.owner, one.program, one.mint));
        let found = self.prover.count(&unknown, candidates);
        Ok(own + found.map_err(|_| exhausted(call))?)
    }

    /// Who may lose what an account holds, where anything says so.
    fn whose(&self, account: &Account) -> Option<Address> {
        let wallet = self.wallet();
        if let Some(State::Open(opened)) = self.facts.state(account.index) {
            return Some(opened.owner);
        }
        let key = account.key?;
        let nonces = &self.context.nonces;
        let were_own = self.context.former_accounts.contains(&key)
            || nonces.iter().any(|nonce| nonce.account == key);
        let known = self
            .registered(account)
            .or_else(|| self.facts.associated(account.index));
        known
            .map(|known| known.owner)
            .or_else(|| were_own.then_some(wallet))
    }

    /// Whether an account is the wallet's own account for `mint`.
    pub(crate) fn is_own(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        mint: Address,
    ) -> Result<bool, DecodeError> {
        self.facts.note(Did::NEEDS_OWN);
        let wallet = self.wallet();
        let known = match self.known(call, account)? {
            Some(known) => Some(known),
            None => self.prove(call, account, own_candidates(wallet, mint))?,
        };
        Ok(known.is_some_and(|known| known.owner == wallet && known.mint == mint))
    }

    /// The first mint that holds, of those that the message does not name but somebody did.
    pub(crate) fn first_mint(
        &mut self,
        call: &Call<'_>,
        holds: impl Fn(&Address) -> bool,
    ) -> Result<Option<Address>, DecodeError> {
        let well_known = [
            Some(WRAPPED_SOL_MINT),
            mint_of(Asset::USDC),
            mint_of(Asset::USDT),
        ];
        let hinted = self.context.mints.iter().copied();
        for mint in well_known.into_iter().flatten().chain(hinted) {
            self.prover.spend().map_err(|_| exhausted(call))?;
            if holds(&mint) {
                return Ok(Some(mint));
            }
        }
        Ok(None)
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
            mint_of(Asset::USDC),
            mint_of(Asset::USDT),
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
