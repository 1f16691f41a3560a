//! Limits: what is counted, per whom, over which window.

use std::fmt;
use std::sync::Arc;

use countersign_intent::{Account, Amount, Asset, Principal, Span, UserId, Venue, WalletId};
use sha2::{Digest, Sha256};

use crate::rule::{Actions, AnyOf, When};
use crate::term::asset::Assets;

/// Whose spending is added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Per {
    /// Each wallet by itself.
    Wallet,
    /// All wallets of a user.
    User,
    /// All requests of a bot.
    Bot,
    /// All requests at a venue.
    Venue,
    /// Everything sent to one address; what goes to nobody counts for the wallet's own address.
    Destination,
    /// Everything.
    Global,
}

impl Per {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::Wallet,
        Self::User,
        Self::Bot,
        Self::Venue,
        Self::Destination,
        Self::Global,
    ];

    /// The word used in policy files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wallet => "wallet",
            Self::User => "user",
            Self::Bot => "bot",
            Self::Venue => "venue",
            Self::Destination => "destination",
            Self::Global => "global",
        }
    }
}

/// What a limit counts, and how much of it there may be within the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// Base units of one asset.
    Amount {
        /// The asset.
        asset: Asset,
        /// At most this much.
        max: Amount,
        /// Its decimals, for messages.
        decimals: u8,
    },
    /// Value in micro-dollars at reference prices, rounded up.
    MicroUsd(u128),
    /// Requests with at least one effect that matches.
    Count(u64),
}

impl Cap {
    /// The largest permitted sum, in the unit the cap counts.
    #[must_use]
    pub fn max(self) -> u128 {
        match self {
            Self::Amount { max, .. } => max.base(),
            Self::MicroUsd(max) => max,
            Self::Count(max) => u128::from(max),
        }
    }
}

/// One limit. It applies to every effect its `when` matches, whatever rule permitted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    pub(crate) name: Arc<str>,
    pub(crate) when: When,
    pub(crate) per: Per,
    pub(crate) window: Span,
    pub(crate) cap: Cap,
    pub(crate) id: [u8; 16],
}

impl Limit {
    pub(crate) fn new(name: &str, when: When, per: Per, window: Span, cap: Cap) -> Self {
        Self {
            name: name.into(),
            when,
            per,
            window,
            cap,
            id: identity(name, per, window, cap),
        }
    }

    /// A limit that one wallet carries by itself, beside the policy's: what its user set, or a
    /// risk manager. It is called `wallet:` and the name. A cap on an amount counts only effects
    /// of that asset.
    #[must_use]
    pub fn for_wallet(name: &str, actions: Actions, window: Span, cap: Cap) -> Self {
        let asset = match cap {
            Cap::Amount { asset, .. } => Assets(AnyOf::These(vec![asset])),
            Cap::MicroUsd(_) | Cap::Count(_) => Assets::default(),
        };
        let when = When {
            action: actions,
            asset,
            ..When::default()
        };
        // No name in a policy has a colon: such a limit never shares a window with one of those.
        Self::new(&format!("wallet:{name}"), when, Per::Wallet, window, cap)
    }

    /// The name in the policy file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its usage is filed under: see [`LimitKey::limit`].
    #[must_use]
    pub const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// Which effects are counted.
    #[must_use]
    pub const fn when(&self) -> &When {
        &self.when
    }

    /// Whose spending is added up.
    #[must_use]
    pub const fn per(&self) -> Per {
        self.per
    }

    /// Length of the sliding window.
    #[must_use]
    pub const fn window(&self) -> Span {
        self.window
    }

    /// What is counted, and how much of it there may be.
    #[must_use]
    pub const fn cap(&self) -> Cap {
        self.cap
    }

    /// What its usage by one of those it counts is filed under.
    #[must_use]
    pub const fn key(&self, scope: Scope) -> LimitKey {
        LimitKey {
            limit: self.id,
            window: self.window,
            scope,
        }
    }
}

/// What a limit's usage is filed under. A changed maximum or `when` keeps what was used; a
/// changed window, scope, asset or unit is another limit.
fn identity(name: &str, per: Per, window: Span, cap: Cap) -> [u8; 16] {
    let unit = match cap {
        Cap::Amount { asset, .. } => match asset.mint() {
            Some(mint) => format!("amount of {mint}"),
            None => format!("amount of {asset}"),
        },
        Cap::MicroUsd(_) => "usd".to_owned(),
        Cap::Count(_) => "count".to_owned(),
    };
    let text = format!(
        "countersign/limit/v1\0{name}\0{}\0{}\0{unit}",
        per.as_str(),
        window.micros()
    );
    let digest = Sha256::digest(text);
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

/// The one wallet, user, bot, … that a sum belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// A wallet.
    Wallet(WalletId),
    /// A user.
    User(UserId),
    /// Whoever asks: the bot, or the operator in a dry run.
    Bot(Principal),
    /// A venue.
    Venue(Venue),
    /// An address.
    Destination(Account),
    /// Everything.
    Global,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet(id) => write!(f, "wallet:{id}"),
            Self::User(id) => write!(f, "user:{id}"),
            Self::Bot(principal) => write!(f, "bot:{principal}"),
            Self::Venue(venue) => write!(f, "venue:{}", venue.as_str()),
            Self::Destination(address) => write!(f, "destination:{address}"),
            Self::Global => f.write_str("global"),
        }
    }
}

impl Scope {
    /// Reads what it is shown as.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some((of, whom)) = text.split_once(':') else {
            return (text == "global").then_some(Self::Global);
        };
        match of {
            "wallet" => whom.parse().ok().map(Self::Wallet),
            "user" => whom.parse().ok().map(Self::User),
            "bot" => whom.parse().ok().map(Self::Bot),
            "venue" => Venue::by_slug(whom).map(Self::Venue),
            "destination" => whom.parse().ok().map(Self::Destination),
            _ => None,
        }
    }
}

/// Names one [`crate::usage::Window`]: a limit and whom it is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitKey {
    limit: [u8; 16],
    window: Span,
    scope: Scope,
}

impl LimitKey {
    /// The key of these parts, as they were stored.
    #[must_use]
    pub const fn of_parts(limit: [u8; 16], window: Span, scope: Scope) -> Self {
        Self {
            limit,
            window,
            scope,
        }
    }

    /// Identifies the limit across policy versions: the same name, window, scope and unit.
    #[must_use]
    pub const fn limit(&self) -> &[u8; 16] {
        &self.limit
    }

    /// Length of the window to restore or to begin.
    #[must_use]
    pub const fn window(&self) -> Span {
        self.window
    }

    /// Whom it is counted for; its text form is unique and suits a database column.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_is_read_as_it_is_shown() {
        let bot = Principal::new(countersign_intent::Role::Bot, "momentum-7").unwrap();
        for scope in [
            Scope::Wallet(WalletId::from_bytes([1; 16])),
            Scope::User(UserId::from_bytes([2; 16])),
            Scope::Bot(bot),
            Scope::Venue(Venue::Solana),
            Scope::Destination(countersign_intent::Address::new([3; 32]).into()),
            Scope::Global,
        ] {
            assert_eq!(Scope::parse(&scope.to_string()), Some(scope));
        }
        for text in ["", "wallet", "wallet:x", "global:", "planet:earth"] {
            assert_eq!(Scope::parse(text), None, "`{text}`");
        }
    }
}
