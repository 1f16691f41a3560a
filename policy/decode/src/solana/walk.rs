//! The one pass over a message's instructions.

use countersign_intent::{
    Address, Amount, Assertion, Asset, Effect, Lifetime, USDC, USDT, WRAPPED_SOL_MINT,
};

use crate::{DecodeError, DecodeErrorKind, Place};

use super::account::Account;
use super::ata::{Candidate, Prover, TokenProgram};
use super::call::Call;
use super::context::Context;
use super::fee::{self, ComputeRequest};
use super::ids;
use super::program;
use super::wire::Message;

/// A token account whose owner and mint an earlier instruction of this message establishes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    pub(crate) index: u8,
    pub(crate) owner: Address,
    pub(crate) mint: Address,
    /// `None` where only the operator vouches for the account.
    pub(crate) program: Option<TokenProgram>,
}

impl Opened {
    /// Whether an instruction of this token program can act on the account.
    pub(crate) fn is_under(&self, program: TokenProgram) -> bool {
        self.program.is_none_or(|own| own == program)
    }
}

/// A new account paid by the wallet that a later instruction must initialise for the wallet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Created {
    pub(crate) index: u8,
    pub(crate) position: usize,
    pub(crate) program: Address,
    pub(crate) lamports: u64,
}

/// What the pass knows so far.
#[derive(Debug)]
pub(crate) struct Walk<'m> {
    pub(crate) context: &'m Context<'m>,
    pub(crate) message: &'m Message<'m>,
    pub(crate) accounts: &'m [Account],
    pub(crate) compute: ComputeRequest,
    pub(crate) lifetime: Lifetime,
    wallet_index: u8,
    effects: Vec<Effect>,
    asserted: Vec<Assertion>,
    opened: Vec<Opened>,
    created: Vec<Created>,
    syncs: Vec<(usize, u8)>,
    prover: Prover,
}

/// All that a message says.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) effects: Vec<Effect>,
    pub(crate) lifetime: Lifetime,
    pub(crate) asserted: Vec<Assertion>,
}

/// Reads every instruction; what comes back is all the signature would do.
pub(crate) fn walk(
    message: &Message<'_>,
    context: &Context<'_>,
    accounts: &[Account],
    wallet_index: u8,
) -> Result<Read, DecodeError> {
    let mut walk = Walk {
        context,
        message,
        accounts,
        compute: ComputeRequest::default(),
        lifetime: Lifetime::Blockhash(*message.lifetime),
        wallet_index,
        effects: Vec::with_capacity(message.instructions.len() + 4),
        asserted: Vec::new(),
        opened: Vec::new(),
        created: Vec::new(),
        syncs: program::syncs(message),
        prover: Prover::new(),
    };
    for (position, instruction) in message.instructions.iter().enumerate() {
        let id = message
            .keys
            .get(usize::from(instruction.program))
            .map(|key| Address::new(*key));
        let known = id.and_then(|id| Some((id, program::by_id(&id)?)));
        let (id, family) = known.ok_or_else(|| unknown_program(position, id))?;
        let mut call = Call::new(
            position,
            family.name,
            id,
            (instruction.accounts, instruction.data),
            accounts,
            wallet_index,
        );
        (family.decode)(&mut walk, &mut call)?;
        call.finish()?;
    }
    walk.finish()
}

fn exhausted(call: &Call<'_>) -> DecodeError {
    call.refuse(
        DecodeErrorKind::TooMuchWork,
        "the message names more unproven token accounts than one request may search for; name \
         their mints",
    )
}

fn unknown_program(position: usize, id: Option<Address>) -> DecodeError {
    let place = Place::Instruction {
        index: position,
        program: None,
        name: None,
    };
    let id = id.map_or_else(String::new, |id| format!(" `{id}`"));
    DecodeError::new(
        DecodeErrorKind::UnknownProgram,
        Some(place),
        format!(
            "program{id} is not understood; only understood programs are signed for, whether or \
             not they list the wallet"
        ),
    )
}

impl Walk<'_> {
    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(crate) fn assert(&mut self, assertion: Assertion) {
        self.asserted.push(assertion);
    }

    /// Whether nothing follows an instruction but instructions of these programs.
    pub(crate) fn only_follows(&self, position: usize, programs: &[Address]) -> bool {
        let mut later = self.message.instructions.iter().skip(position + 1);
        later.all(|instruction| {
            let key = self.message.keys.get(usize::from(instruction.program));
            key.is_some_and(|key| programs.contains(&Address::new(*key)))
        })
    }

    pub(crate) const fn wallet(&self) -> Address {
        self.context.wallet
    }

    /// Remembers a token account that this message establishes.
    pub(crate) fn open(&mut self, opened: Opened) {
        self.opened.push(opened);
    }

    /// Remembers a new account until its initialisation.
    pub(crate) fn create(&mut self, created: Created) {
        self.created.push(created);
    }

    /// The new account that an initialisation completes.
    pub(crate) fn take_created(
        &mut self,
        call: &Call<'_>,
        slot: usize,
        program: &Address,
    ) -> Result<Created, DecodeError> {
        let index = call.account(slot)?.index;
        let found = self
            .created
            .iter()
            .position(|created| created.index == index && created.program == *program);
        found
            .map(|position| self.created.swap_remove(position))
            .ok_or_else(|| {
                call.refuse(
                    DecodeErrorKind::WrongAccounts,
                    "initialises an account that no earlier instruction of this message creates",
                )
            })
    }

    /// Whether an account still waits for its initialisation.
    pub(crate) fn is_created(&self, index: u8) -> bool {
        self.created.iter().any(|created| created.index == index)
    }

    /// Whether a later instruction makes lamports sent to an account wrapped SOL.
    pub(crate) fn is_synced_after(&self, position: usize, account: u8) -> bool {
        self.syncs
            .iter()
            .any(|(later, synced)| *later > position && *synced == account)
    }

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
    /// mints that are known can tell.
    pub(crate) fn own_among(
        &mut self,
        call: &Call<'_>,
        accounts: &[Account],
    ) -> Result<usize, DecodeError> {
        let wallet = self.wallet();
        let (known, unknown): (Vec<Account>, Vec<Account>) = accounts
            .iter()
            .partition(|account| self.known_account(account).is_some());
        let is_own = |account: &&Account| {
            let known = self.known_account(account);
            known.is_some_and(|known| known.owner == wallet)
        };
        let own = known.iter().filter(is_own).count();
        let keys: Vec<Address> = unknown.iter().filter_map(|account| account.key).collect();
        if keys.is_empty() {
            return Ok(own);
        }
        let candidates = self.unnamed(wallet);
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

    /// Counts a rent deposit of a new token account, if the wallet pays it.
    pub(crate) fn deposit_token_rent(&mut self, account: Address, program: TokenProgram) {
        let costs = &self.context.costs;
        let rent = match program {
            TokenProgram::Token => costs.token_account_rent,
            TokenProgram::Token2022 => costs.token_2022_account_rent,
        };
        self.push(Effect::RentDeposit {
            account,
            amount: lamports(rent),
        });
    }

    fn finish(mut self) -> Result<Read, DecodeError> {
        if let Some(created) = self.created.first() {
            let place = Place::Instruction {
                index: created.position,
                program: None,
                name: None,
            };
            return Err(DecodeError::new(
                DecodeErrorKind::WrongAccounts,
                Some(place),
                "creates an account that the message does not initialise for the wallet: anybody \
                 could make it theirs",
            ));
        }
        if self.wallet_index == 0 {
            let fee = fee::fee(self.message, self.compute, &self.context.costs);
            self.push(fee);
        }
        Ok(Read {
            effects: self.effects,
            lifetime: self.lifetime,
            asserted: self.asserted,
        })
    }
}

impl<'m> Walk<'m> {
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

fn mint_of(asset: Asset) -> Option<Address> {
    match asset {
        Asset::Token(mint) => Some(mint),
        Asset::Sol => None,
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

/// Lamports, or any other count of base units that fits the chain's 64 bits.
pub(crate) fn lamports(units: u64) -> Amount {
    Amount::from_base(u128::from(units))
}

/// A transfer of SOL.
pub(crate) fn sol_transfer(units: u64, to: Address) -> Effect {
    Effect::Transfer {
        asset: Asset::Sol,
        amount: lamports(units),
        to,
        token_account: None,
    }
}
