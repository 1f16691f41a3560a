//! `wallet`: whose key signs.

use countersign_intent::{Account, WalletId};

use super::{Between, Context, Key, Scope, Source, Term, When};
use crate::rule::AnyOf;

const KEY: &str = "wallet";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wallets(AnyOf<Name>);

/// How a policy names a wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Id(WalletId),
    Address(Account),
}

impl Term for Wallets {
    const KEYS: &'static [Key] = &[Key::scope(KEY, "`wal_…` or an address")];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, name))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Wallets {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let request = context.request;
        let is_named = |name: &Name| match name {
            Name::Id(id) => *id == request.wallet.id,
            Name::Address(address) => *address == request.intent.wallet(),
        };
        if self.0.has_one(is_named) {
            Ok(())
        } else {
            Err("it is about other wallets")
        }
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

fn name(text: &str) -> Result<Name, String> {
    if let Ok(id) = text.parse() {
        return Ok(Name::Id(id));
    }
    let address = text.parse().map(Name::Address);
    address.map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        format!("expected a wallet's id like `wal_…` or its address, got `{shown}`")
    })
}

#[cfg(test)]
impl super::sample::Sampled for Wallets {
    fn samples() -> Vec<super::sample::Sample> {
        let [one, two] = [1, 2].map(|number| WalletId::from_bytes([number; 16]));
        vec![super::sample::Sample::of(
            KEY,
            [
                format!("\"{one}\""),
                format!("[\"{one}\", \"{two}\"]"),
                "[]".to_owned(),
            ],
        )]
    }
}
