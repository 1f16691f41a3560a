//! Everything a decision may know besides the policy and the intent. All of it is brought by
//! the caller; nothing here is looked up.

use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;

use countersign_intent::{Account, Asset, Principal, Timestamp, UserId, WalletId};

use crate::approval::Approvals;
use crate::limit::{Limit, LimitKey};
use crate::usage::Window;

/// The wallet whose key is asked to sign.
#[derive(Debug, Clone, Copy)]
pub struct WalletFacts<'a> {
    /// Its id.
    pub id: WalletId,
    /// Its owner.
    pub user: UserId,
    /// The owner's tier, where one is set.
    pub tier: Option<&'a str>,
    /// Limits set on this wallet by its user or by a risk manager; they bind beside the policy's.
    pub limits: &'a [Limit],
}

/// Where the decision reads what was spent.
pub trait UsageView {
    /// The window filed under `key`. `None` means that it was not brought, which denies: a key
    /// under which nothing was spent yet is an empty window.
    fn window(&self, key: &LimitKey) -> Option<&Window>;
}

impl<S: BuildHasher> UsageView for HashMap<LimitKey, Window, S> {
    fn window(&self, key: &LimitKey) -> Option<&Window> {
        self.get(key)
    }
}

impl UsageView for BTreeMap<LimitKey, Window> {
    fn window(&self, key: &LimitKey) -> Option<&Window> {
        self.get(key)
    }
}

impl UsageView for [(LimitKey, Window)] {
    fn window(&self, key: &LimitKey) -> Option<&Window> {
        self.iter().find(|(of, _)| of == key).map(|(_, held)| held)
    }
}

impl UsageView for Vec<(LimitKey, Window)> {
    fn window(&self, key: &LimitKey) -> Option<&Window> {
        self.as_slice().window(key)
    }
}

/// A reference price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Of what.
    pub asset: Asset,
    /// Micro-dollars for one whole unit in display terms (one SOL, one USDC).
    pub micro_usd: u64,
    /// When it was taken.
    pub taken_at: Timestamp,
}

/// An address that was added to a destination after the first version of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedDestination {
    /// Name of the destination.
    pub destination: Box<str>,
    /// The address.
    pub address: Account,
    /// When it was added: its cooldown runs from here.
    pub added_at: Timestamp,
}

/// Everything a decision may know.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The time of the decision.
    pub now: Timestamp,
    /// Who asks.
    pub principal: &'a Principal,
    /// The wallet.
    pub wallet: WalletFacts<'a>,
    /// What was spent, under every key of [`crate::limit_keys`].
    pub usage: &'a dyn UsageView,
    /// Reference prices; one per asset.
    pub prices: &'a [Price],
    /// Addresses added to destinations later. An address not listed has been there from the
    /// start and does not cool down.
    pub added_destinations: &'a [AddedDestination],
    /// The approvals that came in for this intent, if an ask is open.
    pub approvals: Option<Approvals<'a>>,
}
