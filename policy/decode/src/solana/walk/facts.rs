//! What is known of each account at each step of a message: a small state machine.
//!
//! ```text
//! unknown ── create ──> created ── complete ──> open (a token account) or other (stake, nonce)
//! unknown ── open ────> open      an associated account, or one that its program derives
//! unknown, open ── close ──> closed ── create, open ──> as from unknown
//! ```
//!
//! Handing an account over and letting somebody spend from it have no transition: a message that
//! does either is refused whole. What the chain would refuse is refused here too, so no fact
//! outlives the step that ends it. Which instruction takes which transition stands in
//! `program/facts.rs`, and an instruction that does other than that table says is refused.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::super::account::Account;
use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::program::Family;

/// A token account whose owner and mint are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

    /// Whether both say the same, as far as both say it.
    fn agrees(&self, other: &Self) -> bool {
        let program = self.program.zip(other.program);
        self.owner == other.owner
            && self.mint == other.mint
            && program.is_none_or(|(one, other)| one == other)
    }
}

/// A new account. One that the wallet pays for must be initialised for the wallet by a later
/// instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Created {
    pub(crate) index: u8,
    pub(crate) position: usize,
    pub(crate) program: Address,
    /// What the wallet paid for it; `None` where another signer did, whose it is.
    pub(crate) lamports: Option<u64>,
}

/// What the instructions so far have made of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Space and an owner program, and nobody's yet.
    Created(Created),
    /// A token account.
    Open(Opened),
    /// Initialised for a program whose accounts hold no tokens.
    Other,
    /// Closed by the instruction at this position.
    Closed(usize),
}

/// What one instruction has made of facts and asked of them; a set.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Did(u8);

impl Did {
    pub(crate) const NOTHING: Self = Self(0);
    /// Needs the wallet's own token account.
    pub(crate) const NEEDS_OWN: Self = Self(1);
    /// Needs whose a receiving token account is, if anybody can tell.
    pub(crate) const NEEDS_RECEIVER: Self = Self(1 << 1);
    /// Needs an account that this message creates, and initialises it.
    pub(crate) const NEEDS_CREATED: Self = Self(1 << 2);
    /// Creates an account that must be initialised.
    pub(crate) const MAKES_CREATED: Self = Self(1 << 3);
    /// Opens a token account.
    pub(crate) const MAKES_OPEN: Self = Self(1 << 4);
    /// Closes a token account: whatever was known of it is over.
    pub(crate) const ENDS_OPEN: Self = Self(1 << 5);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What an instruction makes of facts: a line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Every time.
    pub(crate) always: Did,
    /// Depending on its accounts and arguments.
    pub(crate) maybe: Did,
    /// Programs that it calls, perhaps with the wallet's signature.
    pub(crate) callees: &'static [Callee],
}

/// The slot of a program that an instruction calls, and which program has to stand there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Callee {
    /// One of the two token programs.
    TokenProgram(usize),
    /// This one.
    Is(usize, Address),
    /// One of the two token programs, where there are that many accounts.
    FurtherTokenProgram(usize),
    /// This one, where there are that many accounts.
    Further(usize, Address),
}

impl Callee {
    pub(crate) const fn slot(self) -> usize {
        match self {
            Self::TokenProgram(slot)
            | Self::Is(slot, _)
            | Self::FurtherTokenProgram(slot)
            | Self::Further(slot, _) => slot,
        }
    }

    /// Whether older clients leave it out.
    const fn may_lack(self) -> bool {
        matches!(self, Self::FurtherTokenProgram(_) | Self::Further(..))
    }

    /// `pinned`: whether the called program refuses another one by itself.
    fn check(self, call: &Call<'_>, pinned: bool) -> Result<(), DecodeError> {
        let slot = self.slot();
        if self.may_lack() && slot >= call.slot_count() {
            return Ok(());
        }
        let Some(key) = call.account(slot)?.key else {
            // One in a table that nobody attests could be anybody's.
            return if pinned {
                Ok(())
            } else {
                Err(hidden(call, slot))
            };
        };
        let (fits, expected) = match self {
            Self::TokenProgram(_) | Self::FurtherTokenProgram(_) => (
                TokenProgram::by_id(&key).is_some(),
                "a token program".to_owned(),
            ),
            Self::Is(_, program) | Self::Further(_, program) => {
                (key == program, format!("`{program}`"))
            }
        };
        if fits {
            return Ok(());
        }
        Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            format!(
                "expected {expected} in slot {slot}, which gets the wallet's signature, got `{key}`"
            ),
        ))
    }
}

fn hidden(call: &Call<'_>, slot: usize) -> DecodeError {
    call.refuse(
        DecodeErrorKind::UnresolvedAccount,
        format!(
            "the program in slot {slot}, which gets the wallet's signature, comes from a lookup \
             table that is not attested; name it in the message itself, or have the table attested"
        ),
    )
}

/// The facts at the step that is being read.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    states: Vec<(u8, State)>,
    // What an address is the associated account of never ends, whether or not it is open.
    associated: Vec<Opened>,
    did: Did,
    own_slots: [u64; 4],
}

impl Facts {
    /// What the instructions so far have made of an account; `None` if nothing.
    pub(crate) fn state(&self, index: u8) -> Option<State> {
        let known = self.states.iter().find(|(of, _)| *of == index);
        known.map(|(_, state)| *state)
    }

    /// What an account is proven to be the associated account of.
    pub(crate) fn associated(&self, index: u8) -> Option<Opened> {
        let mut all = self.associated.iter();
        all.find(|known| known.index == index).copied()
    }

    /// Whether some account of the message is proven to be this associated account.
    pub(crate) fn is_found(&self, owner: Address, program: TokenProgram, mint: Address) -> bool {
        let mut all = self.associated.iter();
        all.any(|one| one.owner == owner && one.program == Some(program) && one.mint == mint)
    }

    pub(super) fn remember_associated(&mut self, proven: Opened) {
        if self.associated(proven.index).is_none() {
            self.associated.push(proven);
        }
    }

    fn set(&mut self, index: u8, state: State) {
        match self.states.iter_mut().find(|(of, _)| *of == index) {
            Some((_, known)) => *known = state,
            None => self.states.push((index, state)),
        }
    }

    /// Notes that the instruction has made or asked this.
    pub(crate) fn note(&mut self, did: Did) {
        self.did = self.did.and(did);
    }

    /// Notes that the wallet's own token account belongs into this slot of the instruction.
    pub(crate) fn expect_own(&mut self, slot: usize) {
        if let Some(word) = self.own_slots.get_mut(slot / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    /// Whether the wallet's own token account belongs into this slot.
    pub(crate) fn expects_own(&self, slot: usize) -> bool {
        let word = self.own_slots.get(slot / 64);
        word.is_some_and(|word| (word >> (slot % 64)) & 1 == 1)
    }

    /// unknown, closed → created.
    pub(super) fn create(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        created: Created,
    ) -> Result<(), DecodeError> {
        self.note(Did::MAKES_CREATED);
        match self.state(account.index) {
            None | Some(State::Closed(_)) => {
                self.set(account.index, State::Created(created));
                Ok(())
            }
            Some(state) => Err(contradiction(call, account, state)),
        }
    }

    /// created → open, other.
    pub(super) fn complete(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        program: &Address,
        into: State,
    ) -> Result<Created, DecodeError> {
        self.note(Did::NEEDS_CREATED);
        if matches!(into, State::Open(_)) {
            self.note(Did::MAKES_OPEN);
        }
        match self.state(account.index) {
            Some(State::Created(created)) if created.program == *program => {
                self.set(account.index, into);
                Ok(created)
            }
            Some(_) | None => Err(call.refuse(
                DecodeErrorKind::WrongAccounts,
                "initialises an account that no earlier instruction of this message creates",
            )),
        }
    }

    /// unknown, closed → open; open stays open if it says the same.
    pub(super) fn open(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        opened: Opened,
    ) -> Result<(), DecodeError> {
        self.note(Did::MAKES_OPEN);
        match self.state(account.index) {
            None | Some(State::Closed(_)) => {
                self.set(account.index, State::Open(opened));
                Ok(())
            }
            Some(State::Open(known)) if known.agrees(&opened) => Ok(()),
            Some(state) => Err(contradiction(call, account, state)),
        }
    }

    /// unknown, open → closed.
    pub(super) fn close(&mut self, call: &Call<'_>, account: &Account) -> Result<(), DecodeError> {
        self.note(Did::ENDS_OPEN);
        match self.state(account.index) {
            None | Some(State::Open(_)) => {
                self.set(account.index, State::Closed(call.position));
                Ok(())
            }
            Some(state) => Err(contradiction(call, account, state)),
        }
    }

    /// The first account that the wallet paid for and that was never initialised.
    pub(super) fn unfinished(&self) -> Option<Created> {
        self.states.iter().find_map(|(_, state)| match state {
            State::Created(created) => created.lamports.and(Some(*created)),
            State::Open(_) | State::Other | State::Closed(_) => None,
        })
    }

    /// Ends an instruction: what it did must be what the table says of it.
    pub(super) fn settle(&mut self, call: &Call<'_>, family: &Family) -> Result<(), DecodeError> {
        let did = std::mem::take(&mut self.did);
        self.own_slots = [0; 4];
        let mut rows = family.facts.iter();
        let row = rows.find(|row| Some(row.name) == call.name());
        if let Some(row) = row
            && did.has(row.always)
            && row.always.and(row.maybe).has(did)
        {
            let pinned = family.pins_callees;
            let mut callees = row.callees.iter();
            return callees.try_for_each(|callee| callee.check(call, pinned));
        }
        Err(call.refuse(
            DecodeErrorKind::UnknownInstruction,
            "what it makes of token accounts is not what is written down about it; report this",
        ))
    }
}

/// Why an account cannot be used as a token account at this step.
pub(super) fn contradiction(call: &Call<'_>, account: &Account, state: State) -> DecodeError {
    let shown = account
        .key
        .map_or_else(|| "the account".to_owned(), |key| format!("`{key}`"));
    let why = match state {
        State::Created(_) => format!("{shown} is created and not initialised at this step"),
        State::Open(opened) => format!(
            "{shown} is open at this step, as the token account of `{}` for `{}`",
            opened.owner, opened.mint
        ),
        State::Other => format!("{shown} is no token account at this step"),
        State::Closed(position) => format!(
            "instruction {position} closes {shown}: nothing is known of it afterwards; open it \
             again before it is used"
        ),
    };
    call.refuse(DecodeErrorKind::WrongAccounts, why)
}
