//! What every trade has to show: bounded on both sides, both sides the wallet's.

use std::ops::RangeInclusive;

use countersign_intent::solana::{Address, Asset, Detail as Effect, Quote, Swap};
use countersign_intent::{Amount, Timestamp};

use crate::{DecodeError, DecodeErrorKind};

use super::account::Account;
use super::anchor::{self, Refused};
use super::ata::{Candidate, TokenProgram};
use super::call::Call;
use super::walk::{Did, Opened, Walk, lamports, own_candidates};
use super::wire::Reader;

/// Where the mint of a token account is named.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MintFrom {
    /// In this slot.
    Slot(usize),
    /// In one of these two slots.
    OneOf(usize, usize),
    /// Nowhere in the instruction.
    Nowhere,
}

/// One side of a trade.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    /// Lamports of the wallet itself.
    Native,
    /// A token account of the wallet, in this slot.
    Token(usize, MintFrom),
    /// A token account that the program derives from the wallet and the mint in this slot.
    OwnOfMint(usize),
}

/// The bounds of a trade, as its arguments state them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) spend_max: u64,
    pub(crate) receive_min: u64,
}

impl Bounds {
    /// The first number is spent, the second is the least received.
    pub(crate) const fn exact_in(spend: u64, receive_min: u64) -> Self {
        Self {
            spend_max: spend,
            receive_min,
        }
    }

    /// The first number is received, the second is the most spent.
    pub(crate) const fn exact_out(receive: u64, spend_max: u64) -> Self {
        Self {
            spend_max,
            receive_min: receive,
        }
    }
}

/// The order of the two amounts that most programs take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Amounts {
    InThenMinimum,
    OutThenMaximum,
    MaximumThenOut,
}

impl Amounts {
    /// Reads both amounts.
    pub(crate) fn read(self, args: &mut Reader<'_>) -> Result<Bounds, DecodeError> {
        let first = args.u64("first amount")?;
        let second = args.u64("second amount")?;
        Ok(self.bounds(first, second))
    }

    /// The order that an "amount is the input" flag asks for.
    pub(crate) const fn by_input_flag(is_input: bool) -> Self {
        if is_input {
            Self::InThenMinimum
        } else {
            Self::OutThenMaximum
        }
    }

    /// The bounds of two amounts that are already read.
    pub(crate) const fn bounds(self, first: u64, second: u64) -> Bounds {
        match self {
            Self::InThenMinimum => Bounds::exact_in(first, second),
            Self::OutThenMaximum => Bounds::exact_out(first, second),
            Self::MaximumThenOut => Bounds::exact_out(second, first),
        }
    }
}

/// A trade instruction of an Anchor program whose slots do not depend on its arguments.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    /// Read as it is printed.
    pub(crate) discriminator: u64,
    pub(crate) slots: RangeInclusive<usize>,
    pub(crate) wallet: usize,
    pub(crate) spend: Side,
    pub(crate) receive: Side,
    pub(crate) amounts: Amounts,
}

impl Layout {
    /// Finds and names the instruction among a program's trades, and checks its accounts.
    pub(crate) fn find<'l>(
        call: &mut Call<'_>,
        layouts: &'l [Self],
        refused: &[Refused],
    ) -> Result<&'l Self, DecodeError> {
        let discriminator = anchor::discriminator(call);
        let known = layouts
            .iter()
            .find(|layout| Some(layout.discriminator) == discriminator);
        let layout = known.ok_or_else(|| anchor::refuse(call, refused))?;
        call.named(layout.name);
        call.expect_slots(layout.slots.clone())?;
        call.wallet(layout.wallet, "the trader")?;
        Ok(layout)
    }

    /// Reads a trade whose arguments are its two amounts, then what `rest` reads.
    pub(crate) fn trade<T>(
        walk: &mut Walk<'_>,
        call: &mut Call<'_>,
        program: &'static str,
        layouts: &[Self],
        refused: &[Refused],
        rest: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let layout = Self::find(call, layouts, refused)?;
        let (bounds, rest) = call.args(anchor::DISCRIMINATOR, |args| {
            Ok((layout.amounts.read(args)?, rest(args)?))
        })?;
        let sides = (layout.spend, layout.receive);
        walk.trade(call, program, sides, bounds, Terms::default())?;
        Ok(rest)
    }
}

/// Terms that only some programs have.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms {
    pub(crate) quote: Option<Quote>,
    pub(crate) platform_fee_bps: u16,
    pub(crate) positive_slippage_bps: u16,
    pub(crate) fee_account: Option<Address>,
    pub(crate) exposed_accounts: u16,
    /// Until when an order waits for somebody to fill it.
    pub(crate) expires_at: Option<Timestamp>,
    /// The slot from which accounts are those of a plan, which are counted instead.
    pub(crate) plan_from: Option<usize>,
}

impl Walk<'_> {
    /// Adds a trade after proving both of its sides.
    pub(crate) fn trade(
        &mut self,
        call: &Call<'_>,
        program: &'static str,
        (spend, receive): (Side, Side),
        bounds: Bounds,
        terms: Terms,
    ) -> Result<(), DecodeError> {
        check_bounds(call, bounds)?;
        if let (Side::Token(source, _), Side::Token(destination, _)) = (spend, receive) {
            check_two_accounts(call, source, destination)?;
        }
        let spend = self.side(call, spend)?;
        let receive = self.side(call, receive)?;
        self.check_pool_side(call, [spend, receive], &terms)?;
        self.push(Effect::Swap(Swap {
            program,
            spend,
            spend_max: lamports(bounds.spend_max),
            receive,
            receive_min: lamports(bounds.receive_min),
            quote: terms.quote,
            platform_fee_bps: terms.platform_fee_bps,
            positive_slippage_bps: terms.positive_slippage_bps,
            fee_account: terms.fee_account,
            exposed_accounts: terms.exposed_accounts,
            expires_at: terms.expires_at,
            launches: self.is_launched(spend) || self.is_launched(receive),
        }));
        Ok(())
    }

    fn side(&mut self, call: &Call<'_>, side: Side) -> Result<Asset, DecodeError> {
        match side {
            Side::Native => Ok(Asset::Sol),
            Side::OwnOfMint(slot) => call.key(slot).map(Asset::of_mint),
            Side::Token(slot, mint) => self
                .own_token_account(call, slot, mint)
                .map(|own| Asset::of_mint(own.mint)),
        }
    }

    /// Proves that a slot holds a token account of the wallet, and which mint it is of.
    pub(crate) fn own_token_account(
        &mut self,
        call: &Call<'_>,
        slot: usize,
        mint: MintFrom,
    ) -> Result<Opened, DecodeError> {
        let account = call.account(slot)?;
        if !account.writable {
            return Err(call.refuse(
                DecodeErrorKind::WrongAccounts,
                format!("the token account in slot {slot} is not writable"),
            ));
        }
        let named = named_mints(call, mint)?;
        self.facts.note(Did::NEEDS_OWN);
        self.facts.expect_own(slot);
        let known = match self.known(call, &account)? {
            Some(known) => Some(known),
            None => self.search(call, &account, named)?,
        };
        let own = known
            .filter(|known| known.owner == self.wallet())
            .ok_or_else(|| unproven(call, slot, &account))?;
        if let Some(named) = named
            && !named.contains(&own.mint)
        {
            return Err(call.refuse(
                DecodeErrorKind::WrongAccounts,
                format!(
                    "the token account in slot {slot} is of mint `{}`, which the instruction does \
                     not name",
                    own.mint
                ),
            ));
        }
        Ok(own)
    }

    fn search(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        named: Option<[Address; 2]>,
    ) -> Result<Option<Opened>, DecodeError> {
        let wallet = self.wallet();
        if let Some([first, second]) = named {
            let second = (second != first).then_some(second);
            let candidates = std::iter::once(first)
                .chain(second)
                .flat_map(move |mint| own_candidates(wallet, mint));
            return self.prove(call, account, candidates);
        }
        let candidates = self.unnamed(wallet);
        self.prove(call, account, candidates)
    }

    /// The owner of a token account that receives `mint`, where it can be proven.
    pub(crate) fn owner_of(
        &mut self,
        call: &Call<'_>,
        account: &Account,
        mint: Address,
        program: TokenProgram,
    ) -> Result<Option<Address>, DecodeError> {
        self.facts.note(Did::NEEDS_RECEIVER);
        if let Some(known) = self.known(call, account)? {
            return Ok(known.is_under(program).then_some(known.owner));
        }
        let candidates = std::iter::once(self.wallet())
            .chain(self.context.owners.iter().copied())
            .map(move |owner| Candidate {
                owner,
                program,
                mint,
            });
        let proven = self.prove(call, account, candidates)?;
        Ok(proven.map(|proven| proven.owner))
    }
}

// `None` where a mint is not named, or only through a table nobody attested.
fn named_mints(call: &Call<'_>, mint: MintFrom) -> Result<Option<[Address; 2]>, DecodeError> {
    let (first, second) = match mint {
        MintFrom::Slot(slot) => (slot, slot),
        MintFrom::OneOf(first, second) => (first, second),
        MintFrom::Nowhere => return Ok(None),
    };
    let keys = call.account(first)?.key.zip(call.account(second)?.key);
    Ok(keys.map(|(first, second)| [first, second]))
}

/// Refuses an exact amount out with a price limit. A pool that reaches its limit stops there and
/// has paid out less than asked: Orca (`swap_manager.rs`) and Raydium (`swap.rs`, `swap_v2.rs`)
/// refuse a partial fill only where no limit is given.
pub(crate) fn check_price_limit(
    call: &Call<'_>,
    is_input: bool,
    limits: &[u8],
) -> Result<(), DecodeError> {
    if is_input || limits.iter().all(|byte| *byte == 0) {
        return Ok(());
    }
    Err(call.refuse(
        DecodeErrorKind::UnboundedTrade,
        "an exact amount out with a price limit may be paid out in part, whatever is spent; set \
         the price limit to zero",
    ))
}

pub(crate) fn check_two_accounts(
    call: &Call<'_>,
    source: usize,
    destination: usize,
) -> Result<(), DecodeError> {
    if call.account(source)?.index != call.account(destination)?.index {
        return Ok(());
    }
    Err(call.refuse(
        DecodeErrorKind::WrongAccounts,
        "spends from and receives into the same token account: what arrives cannot be told from \
         what was there; receive into another account",
    ))
}

fn check_bounds(call: &Call<'_>, bounds: Bounds) -> Result<(), DecodeError> {
    let unbounded =
        |message: &'static str| Err(call.refuse(DecodeErrorKind::UnboundedTrade, message));
    if bounds.spend_max == u64::MAX {
        return unbounded("the most that may be spent is unlimited; state a limit");
    }
    if bounds.receive_min == 0 {
        return unbounded("the least that must be received is zero; state a limit");
    }
    Ok(())
}

pub(crate) fn unproven(call: &Call<'_>, slot: usize, account: &Account) -> DecodeError {
    match account.key {
        None => call.refuse(
            DecodeErrorKind::UnresolvedAccount,
            format!(
                "the token account in slot {slot} comes from a lookup table that is not \
                 attested; name it in the message itself"
            ),
        ),
        Some(key) => call.refuse(
            DecodeErrorKind::UnprovenAccount,
            format!(
                "token account `{key}` in slot {slot} is not provably the wallet's; use its \
                 associated token account and bring its mint as a hint, or register the account"
            ),
        ),
    }
}

/// What must arrive at least by a quote: rounded against the wallet, and net of a platform fee
/// in case the program compares before it takes the fee.
pub(crate) fn least_received(quoted: u64, slippage_bps: u16, fee_bps: u16) -> u64 {
    let quoted = u128::from(quoted);
    let kept = quoted * u128::from(10_000_u16.saturating_sub(slippage_bps)) / 10_000;
    let fee = (quoted * u128::from(fee_bps)).div_ceil(10_000);
    u64::try_from(kept.saturating_sub(fee)).unwrap_or_default()
}

/// What can be spent at most by a quote, rounded against the wallet.
pub(crate) fn most_spent(quoted: u64, slippage_bps: u16) -> u64 {
    let most = (u128::from(quoted) * (10_000 + u128::from(slippage_bps))).div_ceil(10_000);
    u64::try_from(most).unwrap_or(u64::MAX)
}

/// The quote of an instruction.
pub(crate) fn quote(amount: u64, slippage_bps: u16) -> Quote {
    Quote {
        amount: Amount::from_base(u128::from(amount)),
        slippage_bps,
    }
}
