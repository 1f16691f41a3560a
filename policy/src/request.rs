//! A request as rules and limits see it: effects with their roles, sums over the whole.

use std::fmt;

use countersign_intent::{
    Action, Amount, Asset, Effect, Intent, KnownAsset, Principal, Reading, Receivers,
};

use crate::facts::WalletFacts;
use crate::set::PolicySet;

/// The asset an effect is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssetOf {
    /// It is about none.
    Nothing,
    /// This one.
    Known(Asset),
    /// Some asset that the message does not name.
    Unknown,
}

/// An amount that the message does not bound.
pub(crate) const UNBOUNDED: u128 = u128::MAX;

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
    pub(crate) receivers: Receivers,
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
            subjects: Vec::with_capacity(intent.effects.len()),
            priority_fee: Amount::ZERO,
            tips: Amount::ZERO,
            rent: Amount::ZERO,
            accounts_opened: 0,
        };
        for (index, reading) in intent.readings().into_iter().enumerate() {
            request.count(reading.effect);
            request.subjects.push(subject(index, &reading));
        }
        request.sum_up();
        request
    }

    fn count(&mut self, effect: &Effect) {
        match effect {
            Effect::Fee { priority, .. } => {
                self.priority_fee = self.priority_fee.saturating_add(*priority);
            }
            Effect::Tip { amount, .. } => self.tips = self.tips.saturating_add(*amount),
            Effect::RentDeposit { amount, .. } => self.rent = self.rent.saturating_add(*amount),
            Effect::OpenAccount { .. } => self.accounts_opened += 1,
            Effect::Transfer { .. }
            | Effect::Swap(_)
            | Effect::Launch(_)
            | Effect::Wrap { .. }
            | Effect::Unwrap { .. }
            | Effect::Reclaim { .. }
            | Effect::CloseAccount { .. }
            | Effect::Delegate { .. }
            | Effect::Revoke { .. }
            | Effect::AuthorityChange { .. }
            | Effect::Burn { .. }
            | Effect::Stake { .. }
            | Effect::NonceAdvance { .. }
            | Effect::Memo { .. } => {}
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
        let mut words = subject.action.as_str().to_owned();
        match subject.effect {
            Effect::Swap(swap) => {
                let spend = self.money(AssetOf::Known(swap.spend), swap.spend_max.base());
                let least = self.money(AssetOf::Known(swap.receive), swap.receive_min.base());
                words = format!(
                    "{words} of {spend} for at least {least} through {}",
                    swap.program
                );
            }
            Effect::Launch(launch) => {
                let cost = self.money(AssetOf::Known(Asset::Sol), launch.cost.base());
                words = format!(
                    "{words} of {} through {} for {cost}",
                    launch.mint, launch.program
                );
            }
            Effect::OpenAccount { account, .. } if subject.action == Action::Withdrawal => {
                words = format!("{words} that opens account {account}");
            }
            Effect::RentDeposit { account, .. } if subject.action == Action::Withdrawal => {
                let rent = self.money(subject.asset, subject.amount);
                words = format!("{words} of {rent} as rent of account {account}");
            }
            _ if subject.asset != AssetOf::Nothing => {
                words = format!("{words} of {}", self.money(subject.asset, subject.amount));
            }
            _ => {}
        }
        match subject.receivers.owner() {
            Some(to) => format!("{words} to {to}"),
            None => words,
        }
    }
}

/// Writes an amount with its asset.
pub(crate) fn money(set: &PolicySet, asset: AssetOf, amount: u128) -> String {
    let name = match asset {
        AssetOf::Known(asset) => symbol(set, asset),
        AssetOf::Unknown => "an unnamed asset".to_owned(),
        AssetOf::Nothing => "nothing".to_owned(),
    };
    let decimals = match asset {
        AssetOf::Known(asset) => set.decimals(asset),
        AssetOf::Unknown | AssetOf::Nothing => None,
    };
    match decimals {
        _ if amount == UNBOUNDED => format!("an unbounded amount of {name}"),
        Some(decimals) => format!("{} {name}", Amount::from_base(amount).display(decimals)),
        None => format!("{amount} base units of {name}"),
    }
}

pub(crate) fn symbol(set: &PolicySet, asset: Asset) -> String {
    match (KnownAsset::of(asset), set.asset(asset)) {
        (None, Some(named)) => named.symbol.to_string(),
        _ => asset.to_string(),
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("subjects", &self.subjects)
            .finish_non_exhaustive()
    }
}

fn subject<'a>(index: usize, reading: &Reading<'a>) -> Subject<'a> {
    let (asset, amount) = exposure(reading);
    Subject {
        index,
        effect: reading.effect,
        action: reading.action,
        primary: reading.primary,
        asset,
        amount,
        total: amount,
        receivers: reading.receivers,
    }
}

/// Which asset is at stake, and how much of it at most.
fn exposure(reading: &Reading<'_>) -> (AssetOf, u128) {
    let effect = reading.effect;
    if let Some((asset, amount)) = effect.outflow() {
        return (AssetOf::Known(asset), amount.base());
    }
    match effect {
        Effect::Delegate { asset, amount, .. } => (
            asset.map_or(AssetOf::Unknown, AssetOf::Known),
            amount.base(),
        ),
        // The rent of an own account comes back.
        Effect::CloseAccount { .. } if reading.action == Action::Housekeeping => {
            (AssetOf::Known(Asset::Sol), 0)
        }
        // What a token account holds is not in the message.
        Effect::CloseAccount { .. } => (AssetOf::Known(Asset::Sol), UNBOUNDED),
        Effect::AuthorityChange { .. } => (AssetOf::Unknown, UNBOUNDED),
        // What leaves is its rent, in lamports, which is an effect of its own.
        Effect::OpenAccount { .. } if reading.action == Action::Withdrawal => {
            (AssetOf::Known(Asset::Sol), 0)
        }
        Effect::OpenAccount { asset, .. } => (AssetOf::Known(*asset), 0),
        Effect::Wrap { .. }
        | Effect::Unwrap { .. }
        | Effect::Reclaim { .. }
        | Effect::Stake { .. } => (AssetOf::Known(Asset::Sol), 0),
        Effect::Transfer { .. }
        | Effect::Swap(_)
        | Effect::Launch(_)
        | Effect::Fee { .. }
        | Effect::Tip { .. }
        | Effect::RentDeposit { .. }
        | Effect::Revoke { .. }
        | Effect::Burn { .. }
        | Effect::NonceAdvance { .. }
        | Effect::Memo { .. } => (AssetOf::Nothing, 0),
    }
}
