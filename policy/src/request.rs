//! A request as rules and limits see it: effects with their roles, sums over the whole.

use std::fmt;

use countersign_intent::{
    Action, Amount, Asset, AssetNames, Counterparty, Detail, Effect, Intent, KnownAsset, Principal,
    brief, evm, solana,
};

pub(crate) use countersign_intent::AssetOf;

use crate::facts::WalletFacts;
use crate::set::PolicySet;

/// An amount that the message does not bound.
pub(crate) const UNBOUNDED: u128 = Amount::UNBOUNDED.base();

/// One effect and its part in the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) index: usize,
    pub(crate) effect: &'a Effect,
    pub(crate) action: Action,
    /// Needs a rule of its own.
    pub(crate) primary: bool,
    pub(crate) asset: AssetOf,
    /// What can leave through it, in base units; [`UNBOUNDED`] if the message does not say.
    pub(crate) amount: u128,
    /// What can leave through all effects of the same action and asset.
    pub(crate) total: u128,
    /// Who receives value or power.
    pub(crate) receivers: Counterparty,
}

impl<'a> Subject<'a> {
    /// The exchange, where it is one.
    pub(crate) fn swap(&self) -> Option<&'a solana::Swap> {
        match self.effect.detail() {
            Detail::Solana(solana::Detail::Swap(swap)) => Some(swap),
            Detail::Solana(_) | Detail::Evm(_) => None,
        }
    }

    /// The program that it trades through, where it trades.
    pub(crate) fn program(&self) -> Option<&'static str> {
        self.traded().map(|(program, ..)| program)
    }

    /// What it gives for something else. A launch gives its cost.
    pub(crate) fn given(&self) -> Option<Asset> {
        self.traded().map(|(_, given, _)| given)
    }

    /// What it receives for something else. A launch receives the coin.
    pub(crate) fn received(&self) -> Option<Asset> {
        self.traded().map(|(.., received)| received)
    }

    /// Through which program what is given for what.
    const fn traded(&self) -> Option<(&'static str, Asset, Asset)> {
        let head = self.effect.head();
        match (head.through, head.asset, head.receives) {
            (Some(program), AssetOf::Known(given), Some((got, _))) => Some((program, given, got)),
            _ => None,
        }
    }
}

/// A request with the sums that bounds are held against.
pub(crate) struct Request<'a> {
    pub(crate) set: &'a PolicySet,
    pub(crate) intent: &'a Intent,
    pub(crate) principal: &'a Principal,
    pub(crate) wallet: WalletFacts<'a>,
    pub(crate) subjects: Vec<Subject<'a>>,
    pub(crate) priority_fee: Amount,
    pub(crate) tips: Amount,
    pub(crate) rent: Amount,
    pub(crate) accounts_opened: usize,
}

impl<'a> Request<'a> {
    pub(crate) fn new(
        set: &'a PolicySet,
        intent: &'a Intent,
        principal: &'a Principal,
        wallet: WalletFacts<'a>,
    ) -> Self {
        let mut request = Self {
            set,
            intent,
            principal,
            wallet,
            subjects: Vec::with_capacity(intent.effects().len()),
            priority_fee: Amount::ZERO,
            tips: Amount::ZERO,
            rent: Amount::ZERO,
            accounts_opened: 0,
        };
        for (index, effect) in intent.effects().iter().enumerate() {
            match effect.detail() {
                Detail::Solana(detail) => request.count(detail),
                Detail::Evm(_) => {}
            }
            request.subjects.push(subject(index, effect));
        }
        request.sum_up();
        request
    }

    fn count(&mut self, detail: &solana::Detail) {
        match detail {
            solana::Detail::Fee { priority, .. } => {
                self.priority_fee = self.priority_fee.saturating_add(*priority);
            }
            solana::Detail::Tip { amount, .. } => self.tips = self.tips.saturating_add(*amount),
            solana::Detail::RentDeposit { amount, .. } => {
                self.rent = self.rent.saturating_add(*amount)
            }
            solana::Detail::OpenAccount { .. } => self.accounts_opened += 1,
            solana::Detail::Transfer { .. }
            | solana::Detail::Swap(_)
            | solana::Detail::Launch(_)
            | solana::Detail::Wrap { .. }
            | solana::Detail::Unwrap { .. }
            | solana::Detail::Reclaim { .. }
            | solana::Detail::CloseAccount { .. }
            | solana::Detail::Delegate { .. }
            | solana::Detail::Revoke { .. }
            | solana::Detail::AuthorityChange { .. }
            | solana::Detail::Burn { .. }
            | solana::Detail::Stake { .. }
            | solana::Detail::NonceAdvance { .. }
            | solana::Detail::Memo { .. } => {}
        }
    }

    fn sum_up(&mut self) {
        if !self.subjects.iter().any(|subject| subject.primary) {
            self.subjects.iter_mut().for_each(|one| one.primary = true);
        }
        let mut sums: Vec<(Action, AssetOf, u128)> = Vec::new();
        for subject in &self.subjects {
            let alike = sums
                .iter_mut()
                .find(|(action, asset, _)| (*action, *asset) == (subject.action, subject.asset));
            match alike {
                Some((_, _, sum)) => *sum = sum.saturating_add(subject.amount),
                None => sums.push((subject.action, subject.asset, subject.amount)),
            }
        }
        for subject in &mut self.subjects {
            let alike = sums
                .iter()
                .find(|(action, asset, _)| (*action, *asset) == (subject.action, subject.asset));
            subject.total = alike.map_or(UNBOUNDED, |(_, _, sum)| *sum);
        }
    }

    /// An amount with its asset, in display units where the decimals are known.
    pub(crate) fn money(&self, asset: AssetOf, amount: u128) -> String {
        money(self.set, asset, amount)
    }

    /// An effect in words.
    pub(crate) fn describe(&self, subject: &Subject<'_>) -> String {
        let action = subject.action.as_str();
        let said = brief(subject.effect, self.set);
        let words = match said.filter(|_| subject.action != Action::Housekeeping) {
            Some(said) => format!("{action} {said}"),
            None if subject.asset == AssetOf::Nothing => action.to_owned(),
            None => format!("{action} of {}", self.money(subject.asset, subject.amount)),
        };
        match subject.receivers.owner() {
            Some(to) => format!("{words} to {to}"),
            None => words,
        }
    }
}

impl AssetNames for PolicySet {
    fn symbol(&self, asset: Asset) -> String {
        match (KnownAsset::of(asset), self.asset(asset)) {
            (None, Some(named)) => named.symbol.to_string(),
            _ => asset.to_string(),
        }
    }

    fn decimals(&self, asset: Asset) -> Option<u8> {
        Self::decimals(self, asset)
    }

    /// The mint behind a symbol that is the policy's word for it.
    fn stands_for(&self, asset: Asset) -> Option<String> {
        let is_ours = KnownAsset::of(asset).is_none() && self.asset(asset).is_some();
        let meant = match (asset.mint(), asset.contract()) {
            (Some(mint), _) => format!("mint {mint}"),
            (None, Some(contract)) => format!("contract {contract}"),
            (None, None) => return None,
        };
        is_ours.then_some(meant)
    }
}

/// Where something is called, at a venue that says so.
pub(crate) const fn place(subject: &Subject<'_>) -> Option<evm::Place> {
    match subject.effect.detail() {
        Detail::Evm(detail) => Some(detail.place()),
        Detail::Solana(_) => None,
    }
}

/// Whether a permission has to name what is called.
pub(crate) fn must_be_named(subject: &Subject<'_>) -> bool {
    match subject.effect.detail() {
        Detail::Evm(detail) => detail.must_be_named(),
        Detail::Solana(_) => false,
    }
}

/// Writes an amount with its asset.
pub(crate) fn money(set: &PolicySet, asset: AssetOf, amount: u128) -> String {
    let amount = Amount::from_base(amount);
    match asset {
        AssetOf::Known(asset) => AssetNames::money(set, Some(asset), amount),
        AssetOf::Unknown => AssetNames::money(set, None, amount),
        AssetOf::Nothing => "nothing".to_owned(),
    }
}

pub(crate) fn symbol(set: &PolicySet, asset: Asset) -> String {
    set.symbol(asset)
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("subjects", &self.subjects)
            .finish_non_exhaustive()
    }
}

fn subject(index: usize, effect: &Effect) -> Subject<'_> {
    let head = effect.head();
    Subject {
        index,
        effect,
        action: head.action,
        primary: head.primary,
        asset: head.asset,
        amount: head.amount.base(),
        total: head.amount.base(),
        receivers: head.counterparty,
    }
}
