//! The vocabulary of rules: which effects, under which bounds, with which outcome.
//!
//! A rule's `when` holds two kinds of keys. Its *scope* says which effects it is about; its
//! *bounds* say how far a permission reaches. Bounds narrow what a rule permits and never what
//! it demands: an approval that a rule asks for is not escaped by exceeding one of its bounds.

use std::sync::Arc;

use countersign_intent::{Action, Address, Amount, Asset, Span, UserId, Venue, WalletId};

/// A list of values any of which will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnyOf<T> {
    /// The key is not there, or says `"any"`.
    Any,
    /// These; an empty list matches nothing.
    These(Vec<T>),
}

impl<T: PartialEq> AnyOf<T> {
    /// Whether `value` is among them.
    pub fn has(&self, value: &T) -> bool {
        match self {
            Self::Any => true,
            Self::These(list) => list.contains(value),
        }
    }
}

impl<T> AnyOf<T> {
    /// Whether everything matches.
    pub const fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

/// A set of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions(u8);

impl Actions {
    /// Every action, without naming one.
    pub const ANY: Self = Self(0b1111_1111);
    /// No action.
    pub const NONE: Self = Self(0);

    /// This set and `action`.
    #[must_use]
    pub const fn with(self, action: Action) -> Self {
        Self(self.0 | bit(action))
    }

    /// Whether `action` is in the set.
    #[must_use]
    pub const fn has(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    /// Whether every action of `other` is in this set.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether `action` is in the set and was named, not only covered by `"any"`.
    #[must_use]
    pub const fn names(self, action: Action) -> bool {
        self.has(action) && self.0 != Self::ANY.0
    }

    /// Whether some action is in both.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

const fn bit(action: Action) -> u8 {
    match action {
        Action::Trade => 1,
        Action::Withdrawal => 2,
        Action::Fee => 4,
        Action::Housekeeping => 8,
        Action::Authority => 16,
        Action::Stake => 32,
        Action::Launch => 64,
    }
}

/// How a policy names a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletName {
    /// By its id.
    Id(WalletId),
    /// By its address.
    Address(Address),
}

/// A decimal amount in display units, read for each asset with the decimals it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    pub(crate) text: Box<str>,
    pub(crate) per_asset: Vec<(Asset, Amount)>,
}

impl Threshold {
    /// The amount in base units of `asset`; `None` where its decimals are not known. Digits
    /// beyond an asset's decimals are dropped, which changes no comparison of whole units.
    #[must_use]
    pub fn of(&self, asset: Asset) -> Option<Amount> {
        let found = self.per_asset.iter().find(|(of, _)| *of == asset);
        found.map(|(_, amount)| *amount)
    }

    /// As written in the policy.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A daily period in minutes after midnight UTC, `from` included, `to` excluded; one that ends
/// before it starts runs over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// First minute.
    pub from: u16,
    /// The minute after the last one.
    pub to: u16,
}

impl Hours {
    /// Whether a minute after midnight is within.
    #[must_use]
    pub const fn has(self, minute: u16) -> bool {
        if self.from < self.to {
            minute >= self.from && minute < self.to
        } else {
            minute >= self.from || minute < self.to
        }
    }
}

/// Which effects a rule or a limit is about. Keys that are absent hold for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct When {
    pub(crate) actions: Actions,
    pub(crate) venues: AnyOf<Venue>,
    pub(crate) wallets: AnyOf<WalletName>,
    pub(crate) users: AnyOf<UserId>,
    pub(crate) bots: AnyOf<Box<str>>,
    pub(crate) tiers: AnyOf<Box<str>>,
    pub(crate) programs: AnyOf<Box<str>>,
    pub(crate) assets: AnyOf<Asset>,
    pub(crate) mints_in: AnyOf<Asset>,
    pub(crate) mints_out: AnyOf<Asset>,
    /// Indices into the policy's destinations.
    pub(crate) destinations: AnyOf<usize>,
    /// Whether the key is there at all, if only to say `"any"`.
    pub(crate) destination_written: bool,
    pub(crate) hours: Option<Hours>,
    pub(crate) over_amount: Option<Threshold>,
    pub(crate) max_amount: Option<Threshold>,
}

impl When {
    /// Holds for everything.
    pub(crate) const ANYTHING: Self = Self {
        actions: Actions::ANY,
        venues: AnyOf::Any,
        wallets: AnyOf::Any,
        users: AnyOf::Any,
        bots: AnyOf::Any,
        tiers: AnyOf::Any,
        programs: AnyOf::Any,
        assets: AnyOf::Any,
        mints_in: AnyOf::Any,
        mints_out: AnyOf::Any,
        destinations: AnyOf::Any,
        destination_written: false,
        hours: None,
        over_amount: None,
        max_amount: None,
    };
}

/// How far a permission reaches. They are checked against the whole request, fees included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// Lamports of priority fee.
    pub(crate) max_priority_fee: Option<Amount>,
    /// Lamports of tips; without it tips count as priority fee.
    pub(crate) max_tip: Option<Amount>,
    /// Lamports of rent.
    pub(crate) max_rent: Amount,
    /// Token accounts opened.
    pub(crate) max_accounts_opened: u16,
    /// From the quote's own numbers.
    pub(crate) max_slippage_bps: Option<u16>,
    pub(crate) max_platform_fee_bps: u16,
    pub(crate) max_positive_slippage_bps: u16,
    /// Token accounts that integrator fees may go to.
    pub(crate) fee_accounts: AnyOf<Address>,
    /// Least value received per value given at reference prices, in basis points.
    pub(crate) min_value_bps: Option<u16>,
    /// Accounts that a trade's exchanges could spend from besides those it names.
    pub(crate) max_exposed_accounts: u16,
    /// How long an order may wait for somebody to fill it.
    pub(crate) max_order_lifetime: Span,
    /// What the message has to assert about the wallet at its end.
    pub(crate) asserts: Asserts,
    /// Texts that the message may write into the ledger.
    pub(crate) memos: AnyOf<Box<str>>,
    pub(crate) durable_nonce: bool,
    pub(crate) cosigners: bool,
}

/// What a message has to make the chain check about the wallet when all else is done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asserts {
    /// That it belongs to System.
    pub(crate) owner: bool,
    /// That it holds no data.
    pub(crate) data: bool,
    /// That it holds at least so many lamports.
    pub(crate) lamports: Option<Amount>,
}

/// Priority fee and tips together, where a rule bounds neither: 0.01 SOL.
pub const DEFAULT_FEE_CAP: Amount = Amount::from_base(10_000_000);
/// Rent, where a rule does not bound it: 0.02 SOL, about nine token accounts.
pub const DEFAULT_RENT_CAP: Amount = Amount::from_base(20_000_000);
/// Token accounts opened, where a rule does not bound them.
pub const DEFAULT_ACCOUNTS_OPENED: u16 = 8;
/// How long an order may wait, where a rule does not say: a day.
pub const DEFAULT_ORDER_LIFETIME: Span = Span::from_secs(86_400);

impl Default for Bounds {
    fn default() -> Self {
        Self {
            max_priority_fee: None,
            max_tip: None,
            max_rent: DEFAULT_RENT_CAP,
            max_accounts_opened: DEFAULT_ACCOUNTS_OPENED,
            max_slippage_bps: None,
            max_platform_fee_bps: 0,
            max_positive_slippage_bps: 0,
            fee_accounts: AnyOf::These(Vec::new()),
            min_value_bps: None,
            max_exposed_accounts: 0,
            max_order_lifetime: DEFAULT_ORDER_LIFETIME,
            asserts: Asserts::default(),
            memos: AnyOf::Any,
            durable_nonce: false,
            cosigners: false,
        }
    }
}

/// Approvals a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement {
    /// Name of the group that approves.
    pub group: Box<str>,
    /// How many distinct members, the asker never among them.
    pub quorum: u8,
    /// Nothing is released before this long after the ask.
    pub time_lock: Span,
    /// The ask lapses this long after it was made.
    pub expires: Span,
    /// A member's device must have signed the transaction itself.
    pub ledger_cosign: bool,
    /// The rule that asks.
    pub rule: Box<str>,
}

impl Requirement {
    /// No ask waits longer than this.
    pub const MOST_EXPIRY: Span = Span::from_secs(90 * 86_400);
}

/// What a rule says about the effects it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Permitted.
    Allow,
    /// Refused, whatever other rules say.
    Deny,
    /// Permitted once approved.
    Approve(Requirement),
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) when: When,
    pub(crate) bounds: Bounds,
    pub(crate) then: Then,
}

impl Rule {
    /// The name in the policy file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which effects it is about.
    #[must_use]
    pub const fn when(&self) -> &When {
        &self.when
    }

    /// What it says about them.
    #[must_use]
    pub const fn then(&self) -> &Then {
        &self.then
    }
}
