//! `tier`: what service the wallet's user has.

use super::{Between, Context, Key, Scope, Source, Term, When};
use crate::document::value;
use crate::rule::AnyOf;

const KEY: &str = "tier";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tiers(AnyOf<Box<str>>);

impl Term for Tiers {
    const KEYS: &'static [Key] = &[Key::scope(KEY, "the user's service tier")];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, value::name))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Tiers {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let tier = context.request.wallet.tier;
        if self.0.has_one(|one| tier == Some(one)) {
            Ok(())
        } else {
            Err("it is about other tiers of users")
        }
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
impl super::sample::Sampled for Tiers {
    fn samples() -> Vec<super::sample::Sample> {
        let values = ["\"gold\"", "[\"gold\", \"free\"]", "[]"];
        vec![super::sample::Sample::of(KEY, values)]
    }
}
