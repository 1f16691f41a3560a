//! A policy, validated: what a decision is made by.

use std::collections::BTreeSet;

use countersign_intent::{Account, Address, Asset, KnownAsset, Span, evm};
use sha2::{Digest, Sha256};

use crate::approval;
use crate::limit::{Cap, Limit};
use crate::rule::Rule;

/// People who approve together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub(crate) name: Box<str>,
    pub(crate) approvers: Vec<Box<str>>,
    pub(crate) quorum: Option<u8>,
    pub(crate) delay: Option<Span>,
    pub(crate) roster_hash: [u8; 32],
}

impl Group {
    pub(crate) fn new(
        name: &str,
        approvers: Vec<Box<str>>,
        quorum: Option<u8>,
        delay: Option<Span>,
    ) -> Self {
        let roster_hash = approval::roster_hash(name, approvers.iter().map(AsRef::as_ref));
        Self {
            name: name.into(),
            approvers,
            quorum,
            delay,
            roster_hash,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of the enrolled approvers.
    #[must_use]
    pub fn approvers(&self) -> &[Box<str>] {
        &self.approvers
    }

    /// How many must agree where the group itself says so: governed changes.
    #[must_use]
    pub const fn quorum(&self) -> Option<u8> {
        self.quorum
    }

    /// How long a governed change waits after it was proposed.
    #[must_use]
    pub const fn delay(&self) -> Option<Span> {
        self.delay
    }

    /// Hash over name and members: what an approval is bound to.
    #[must_use]
    pub const fn roster_hash(&self) -> &[u8; 32] {
        &self.roster_hash
    }
}

/// A named list of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub(crate) name: Box<str>,
    /// Sorted.
    pub(crate) solana: Vec<Address>,
    /// Sorted.
    pub(crate) evm: Vec<evm::Address>,
    pub(crate) cooldown: Span,
}

impl Destination {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its addresses on Solana.
    #[must_use]
    pub fn solana(&self) -> &[Address] {
        &self.solana
    }

    /// Its addresses on chains of the Ethereum virtual machine.
    #[must_use]
    pub fn evm(&self) -> &[evm::Address] {
        &self.evm
    }

    /// Its addresses at every venue.
    pub fn accounts(&self) -> impl Iterator<Item = Account> {
        let solana = self.solana.iter().copied().map(Account::from);
        solana.chain(self.evm.iter().copied().map(Account::from))
    }

    /// Whether an address is on it.
    pub(crate) fn has(&self, account: &Account) -> bool {
        match account {
            Account::Solana(address) => self.solana.binary_search(address).is_ok(),
            Account::Evm(address) => self.evm.binary_search(address).is_ok(),
        }
    }

    /// How long a newly added address cannot be used.
    #[must_use]
    pub const fn cooldown(&self) -> Span {
        self.cooldown
    }
}

/// An asset the policy names, at one of the places that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyAsset {
    pub(crate) symbol: Box<str>,
    pub(crate) asset: Asset,
    pub(crate) decimals: u8,
    pub(crate) price_max_age: Option<Span>,
}

impl PolicyAsset {
    /// The name used in the policy.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// Which asset.
    #[must_use]
    pub const fn asset(&self) -> Asset {
        self.asset
    }

    /// Decimals between display and base units.
    #[must_use]
    pub const fn decimals(&self) -> u8 {
        self.decimals
    }

    /// How old an operator's reference price may be; `None` if the policy uses no price.
    #[must_use]
    pub const fn price_max_age(&self) -> Option<Span> {
        self.price_max_age
    }
}

/// Whether accounts count that only a lookup table names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LookupTables {
    /// None does in a slot that matters.
    #[default]
    Strict,
    /// Those of tables whose contents somebody other than the asking bot attests.
    Attested,
}

impl LookupTables {
    /// The word used in policy files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Attested => "attested",
        }
    }
}

/// A validated policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySet {
    pub(crate) text: Box<str>,
    pub(crate) hash: [u8; 32],
    pub(crate) name: Box<str>,
    pub(crate) groups: Vec<Group>,
    pub(crate) destinations: Vec<Destination>,
    pub(crate) assets: Vec<PolicyAsset>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) lookup_tables: LookupTables,
    pub(crate) chains: Vec<evm::Chain>,
}

impl PolicySet {
    pub(crate) fn hash_of(text: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"countersign/policy/v1\0");
        hasher.update(text.as_bytes());
        hasher.finalize().into()
    }

    /// SHA-256 over a domain prefix and the text, byte for byte: what approvals are bound to.
    #[must_use]
    pub const fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The text it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Groups, by name.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group of that name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| *group.name == *name)
    }

    /// Destinations, by name.
    #[must_use]
    pub fn destinations(&self) -> &[Destination] {
        &self.destinations
    }

    /// The assets it names, besides those known without asking anybody.
    #[must_use]
    pub fn assets(&self) -> &[PolicyAsset] {
        &self.assets
    }

    /// Limits, in the order of the file.
    #[must_use]
    pub fn limits(&self) -> &[Limit] {
        &self.limits
    }

    /// Rules, in the order of the file, which means nothing.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether accounts count that only a lookup table names.
    #[must_use]
    pub const fn lookup_tables(&self) -> LookupTables {
        self.lookup_tables
    }

    /// The EVM chains that may be signed for, by their numbers.
    #[must_use]
    pub fn evm_chains(&self) -> &[evm::Chain] {
        &self.chains
    }

    /// The tokens that it names at EVM chains.
    #[must_use]
    pub fn evm_tokens(&self) -> Vec<evm::Asset> {
        let assets = self.assets.iter().map(|one| one.asset);
        assets
            .filter_map(|asset| match asset {
                Asset::Evm(token @ evm::Asset::Token { .. }) => Some(token),
                Asset::Evm(evm::Asset::Native { .. }) | Asset::Solana(_) => None,
            })
            .collect()
    }

    /// Whether anybody is named who can agree to loosening it: a group `change` with a quorum.
    #[must_use]
    pub fn can_be_loosened(&self) -> bool {
        let change = self.group("change");
        change.is_some_and(|group| group.quorum.is_some())
    }

    /// Whether anything in it is judged by reference prices: a limit in dollars, or a
    /// `min_value_ratio`.
    #[must_use]
    pub fn needs_prices(&self) -> bool {
        let dollars = |limit: &Limit| matches!(limit.cap(), Cap::MicroUsd(_));
        let mut rules = self.rules.iter();
        self.limits.iter().any(dollars) || rules.any(|rule| rule.bounds.needs_prices())
    }

    /// Addresses that it lets something be sent to by name: of destinations, and of integrators' fees.
    #[must_use]
    pub fn receivers(&self) -> BTreeSet<Address> {
        let named = self.destinations.iter().flat_map(|one| &one.solana);
        let fees = self.rules.iter().flat_map(|rule| rule.bounds.receivers());
        named.chain(fees).copied().collect()
    }

    /// What an address is in it, in words: of each kind the first that it is.
    #[must_use]
    pub fn roles_of(&self, address: &Address) -> Vec<String> {
        let mut destinations = self.destinations.iter();
        let destination = destinations.find(|one| one.solana.contains(address));
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.bounds.receivers().any(|one| one == address));
        let mut assets = self.assets.iter();
        let asset = assets.find(|one| one.asset.mint() == Some(*address));
        let told = [
            destination.map(|one| format!("an address of destination `{}`", one.name)),
            rule.map(|one| format!("a fee account of rule `{}`", one.name)),
            asset.map(|one| format!("the mint of asset `{}`", one.symbol)),
        ];
        told.into_iter().flatten().collect()
    }

    pub(crate) fn asset(&self, asset: Asset) -> Option<&PolicyAsset> {
        self.assets.iter().find(|known| known.asset == asset)
    }

    /// Decimals of an asset, if the policy or everybody knows them.
    #[must_use]
    pub fn decimals(&self, asset: Asset) -> Option<u8> {
        self.asset(asset)
            .map(PolicyAsset::decimals)
            .or_else(|| KnownAsset::of(asset).map(|known| known.decimals))
    }
}
