//! The keys of `when`: a file and a line in the list each.
//!
//! A *term* is one rule of the policy language, of one key or of several that mean nothing without each
//! other. A *scope* says which effects a rule or a limit is about; a *bound* says how far a permission
//! reaches. To add one write its file, and its `mod` line and its line of the list here: reading,
//! deciding, comparing, linting, the generators of the tests and the tables of `policy/README.md` walk
//! the list. `BLESS=1 cargo nextest run -p countersign-policy manual` writes the tables.
//!
//! Terms that any venue's trades have are under `order`, those of one venue under its name.

pub(crate) mod action;
pub(crate) mod amount;
pub(crate) mod asset;
mod bot;
pub(crate) mod destination;
mod hours;
mod key;
mod list;
mod manual;
mod mint_in;
mod mint_out;
mod program;
#[cfg(test)]
pub(crate) mod sample;
mod source;
#[cfg(test)]
mod tests;
mod tier;
mod user;
mod venue;
mod wallet;

mod evm {
    pub(super) mod chain;
    pub(super) mod contract;
    pub(super) mod max_network_fee;
    pub(super) mod selector;
}

mod order {
    pub(super) mod max_order_lifetime;
    pub(super) mod max_slippage_bps;
    pub(super) mod min_value_ratio;
}

mod solana {
    pub(super) mod allow_cosigners;
    pub(super) mod asserts;
    pub(super) mod durable_nonce;
    pub(super) mod fees;
    pub(super) mod integrator;
    pub(super) mod max_accounts_opened;
    pub(super) mod max_exposed_accounts;
    pub(super) mod max_rent;
    pub(super) mod memo;
}

use std::fmt;

use countersign_intent::{Action, Address, Asset, Timestamp};

use crate::facts::Facts;
use crate::lint::Findings;
use crate::request::{Request, Subject};
use crate::rule::Rule;
use crate::set::PolicySet;

pub(crate) use key::Key;
pub(crate) use manual::bounds;
pub use manual::manual;
pub(crate) use source::Source;

list::terms! {
    scope {
        action: action::Actions,
        venue: venue::Venues,
        wallet: wallet::Wallets,
        user: user::Users,
        bot: bot::Bots,
        tier: tier::Tiers,
        program: program::Programs,
        mint_in: mint_in::MintsIn,
        mint_out: mint_out::MintsOut,
        asset: asset::Assets,
        destination: destination::Destinations,
        hours: hours::Hours,
        amount: amount::Amounts,
        chain: evm::chain::Chains,
        contract: evm::contract::Contracts,
        selector: evm::selector::Selectors,
    }
    bound {
        fees: solana::fees::Fees,
        max_rent: solana::max_rent::MaxRent,
        max_accounts_opened: solana::max_accounts_opened::MaxAccountsOpened,
        durable_nonce: solana::durable_nonce::DurableNonce,
        asserts: solana::asserts::Asserts,
        memo: solana::memo::Memos,
        allow_cosigners: solana::allow_cosigners::AllowCosigners,
        max_slippage_bps: order::max_slippage_bps::MaxSlippage,
        integrator: solana::integrator::Integrator,
        max_exposed_accounts: solana::max_exposed_accounts::MaxExposedAccounts,
        max_order_lifetime: order::max_order_lifetime::MaxOrderLifetime,
        min_value_ratio: order::min_value_ratio::MinValueRatio,
        max_network_fee: evm::max_network_fee::MaxNetworkFee,
    }
}

/// One rule of the language. Its default is what holds where none of its keys is written.
pub(crate) trait Term: Default {
    /// Its keys.
    const KEYS: &'static [Key];

    /// What people have to know besides, a paragraph below the table; empty where that is all.
    const NOTE: &'static str = "";

    /// Why it does not hold.
    type Miss<'a>: Sentence;

    /// Reads its keys. The scopes that stand above it in the list are in `when` already.
    fn read(source: &Source<'_>, when: &When) -> Self;

    /// Whether a permission with this permits all that one with `inner` permits, as far as this term
    /// can tell. `false` where that cannot be proven.
    fn covers(&self, inner: &Self, between: &Between<'_>) -> bool;

    /// What a careful colleague would say about it in a rule that permits.
    fn lint(&self, _rule: &Rule, _subject: &str, _findings: &mut Findings) {}
}

/// A term that says which effects are meant.
pub(crate) trait Scope: Term {
    /// Whether an effect is meant, amounts aside.
    fn is_about(&self, context: &Context<'_>) -> Result<(), Self::Miss<'_>>;

    /// Whether a permission says it in so many words, where it has to.
    fn is_named(&self, _subject: &Subject<'_>) -> Result<(), Self::Miss<'_>> {
        Ok(())
    }

    /// Whether a denial, demand or limit with this is about all that one with `inner` is about.
    fn stops_all(&self, inner: &Self, between: &Between<'_>) -> bool {
        self.covers(inner, between)
    }

    /// Whether a demand for approval with this is made wherever one with `inner` is.
    fn demands_all(&self, inner: &Self, between: &Between<'_>) -> bool {
        self.stops_all(inner, between)
    }

    /// Whether a limit with this counts every such outflow that a rule with `inner` permits.
    fn counts_all(&self, inner: &Self, between: &Between<'_>, _outflow: Outflow) -> bool {
        self.stops_all(inner, between)
    }

    /// Whether nothing that a permission with this permits is touched by one with `stop`. `false`
    /// where that cannot be proven.
    fn is_apart(&self, _stop: &Self, _between: &Between<'_>) -> bool {
        false
    }

    /// Whether no effect at all is meant.
    fn matches_nothing(&self) -> bool {
        false
    }
}

/// A term that says how far a permission reaches. Bounds narrow what a rule permits and never what it
/// demands: an approval that a rule asks for is not escaped by exceeding one of them.
pub(crate) trait Bound: Term {
    /// Whether the request stays within, seen from one of its effects.
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Self::Miss<'_>>;

    /// Addresses that it lets something be paid to.
    fn receivers(&self) -> &[Address] {
        &[]
    }

    /// Whether it judges by reference prices.
    fn needs_prices(&self) -> bool {
        false
    }
}

/// What a person reads where a term does not hold: which key, and the numbers.
pub(crate) trait Sentence: Copy + fmt::Debug {
    fn sentence(&self, set: &PolicySet) -> String;

    /// When time alone mends it.
    fn retry_after(&self) -> Option<Timestamp> {
        None
    }
}

impl Sentence for &'static str {
    fn sentence(&self, _: &PolicySet) -> String {
        (*self).to_owned()
    }
}

/// One effect that a scope is held against, and what for.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) purpose: Purpose<'a>,
}

/// What follows if a scope is about an effect.
#[derive(Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// It is permitted: what the message does not tell is not meant.
    Permit(&'a Facts<'a>),
    /// It is denied, or approval demanded: what the message does not tell is meant.
    Stop(&'a Facts<'a>),
    /// It is counted by a limit, whatever the hour: what the message does not tell is meant.
    Count,
}

impl Purpose<'_> {
    /// Whether what the message does not tell is meant.
    pub(crate) const fn doubt_is_meant(self) -> bool {
        matches!(self, Self::Stop(_) | Self::Count)
    }
}

/// One effect that a permission is held against.
#[derive(Clone, Copy)]
pub(crate) struct Permission<'a> {
    pub(crate) request: &'a Request<'a>,
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) facts: &'a Facts<'a>,
    /// Whether it takes an approver's device that signs too.
    pub(crate) cosigned: bool,
}

/// The two sides of a comparison.
#[derive(Clone, Copy)]
pub(crate) struct Between<'a> {
    pub(crate) outer: Side<'a>,
    pub(crate) inner: Side<'a>,
}

/// What a term is compared with besides its own value.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) set: &'a PolicySet,
    /// Whether it takes an approver's device that signs too.
    pub(crate) cosigned: bool,
}

/// Value of one kind that leaves.
#[derive(Clone, Copy)]
pub(crate) struct Outflow {
    pub(crate) action: Action,
    pub(crate) asset: Asset,
}
