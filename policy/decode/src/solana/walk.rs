//! The one pass over a message's instructions.

mod facts;
mod own;

pub(crate) use facts::{Callee, Did, Facts, Opened, Row, State};
pub(crate) use own::own_candidates;

use countersign_intent::solana::{Address, Assertion, Asset, Detail as Effect, Launch};
use countersign_intent::{Amount, Lifetime};

use crate::{DecodeError, DecodeErrorKind, Place};

use super::account::Account;
use super::ata::{Prover, TokenProgram};
use super::call::Call;
use super::context::Context;
use super::fee::{self, ComputeRequest};
use super::program;
use super::wire::Message;

/// What the pass knows so far.
#[derive(Debug)]
pub(crate) struct Walk<'m> {
    pub(crate) context: &'m Context<'m>,
    pub(crate) message: &'m Message<'m>,
    pub(crate) accounts: &'m [Account],
    pub(crate) compute: ComputeRequest,
    pub(crate) lifetime: Lifetime,
    pub(crate) facts: Facts,
    wallet_index: u8,
    effects: Vec<Effect>,
    asserted: Vec<Assertion>,
    syncs: Vec<(usize, u8)>,
    openings: Vec<(usize, u8)>,
    funds: Vec<(u8, u64)>,
    launched: Vec<Address>,
    prover: Prover<'m>,
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
        facts: Facts::default(),
        syncs: program::syncs(message),
        openings: program::openings(message),
        funds: Vec::new(),
        launched: Vec::new(),
        prover: Prover::new(context.memo),
    };
    // Programs by the index of their key: most messages call few of them often.
    let mut families = vec![None; message.keys.len()];
    for (position, instruction) in message.instructions.iter().enumerate() {
        let index = usize::from(instruction.program);
        let id = message.keys.get(index).map(|key| Address::new(*key));
        let known = families.get_mut(index).zip(id).and_then(|(family, id)| {
            *family = family.or_else(|| program::by_id(&id));
            family.map(|family| (id, family))
        });
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
        walk.facts.settle(&call, family)?;
    }
    walk.finish()
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

    /// Adds a launch; what is traded of the coin from here on belongs to it.
    pub(crate) fn launch(&mut self, launch: Launch) {
        self.launched.push(launch.mint);
        self.push(Effect::Launch(launch));
    }

    /// Whether an earlier instruction of this message launches the coin.
    pub(crate) fn is_launched(&self, asset: Asset) -> bool {
        matches!(asset, Asset::Token(mint) if self.launched.contains(&mint))
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

    /// Whether a later instruction makes lamports sent to an account wrapped SOL.
    pub(crate) fn is_synced_after(&self, position: usize, account: u8) -> bool {
        self.syncs
            .iter()
            .any(|(later, synced)| *later > position && *synced == account)
    }

    /// Whether a later instruction has Jupiter open this account, and says what lamports sent there
    /// before are for.
    pub(crate) fn is_opened_after(&self, position: usize, account: u8) -> bool {
        let mut openings = self.openings.iter();
        openings.any(|(later, opened)| *later > position && *opened == account)
    }

    /// Remembers lamports of the wallet for an account that is opened later.
    pub(crate) fn fund(&mut self, account: u8, units: u64) {
        self.funds.push((account, units));
    }

    /// What the wallet has sent to an account for its opening.
    pub(crate) fn take_funds(&mut self, account: u8) -> u64 {
        let (taken, left) = self.funds.iter().partition(|(of, _)| *of == account);
        let taken: Vec<(u8, u64)> = taken;
        self.funds = left;
        let units = taken.iter().map(|(_, units)| *units);
        units.fold(0, u64::saturating_add)
    }

    /// Counts a rent deposit of a new token account, if the wallet pays it.
    pub(crate) fn deposit_token_rent(&mut self, account: Address, program: TokenProgram) {
        let rent = self.token_rent(program);
        self.deposit(account, rent);
    }

    /// The rent of a token account under this program.
    pub(crate) const fn token_rent(&self, program: TokenProgram) -> u64 {
        match program {
            TokenProgram::Token => self.context.costs.token_account_rent,
            TokenProgram::Token2022 => self.context.costs.token_2022_account_rent,
        }
    }

    /// Counts lamports that the wallet pays as the rent of an account; nothing if they are none.
    pub(crate) fn deposit(&mut self, account: Address, rent: u64) {
        if rent > 0 {
            self.push(Effect::RentDeposit {
                account,
                amount: lamports(rent),
            });
        }
    }

    fn finish(mut self) -> Result<Read, DecodeError> {
        if !self.funds.is_empty() {
            return Err(DecodeError::new(
                DecodeErrorKind::WrongAccounts,
                None,
                "lamports are sent to an account that is not opened afterwards",
            ));
        }
        if let Some(created) = self.facts.unfinished() {
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
