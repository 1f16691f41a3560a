//! `bot`: who asks.

use countersign_intent::Role;

use super::{Between, Context, Key, Scope, Source, Term, When};
use crate::document::value;
use crate::rule::AnyOf;

const KEY: &str = "bot";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bots(AnyOf<Box<str>>);

impl Term for Bots {
    const KEYS: &'static [Key] = &[Key::scope(KEY, "names of bots")];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, value::name))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Bots {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let asks = context.request.principal;
        let is_bot = asks.role() == Role::Bot;
        if self.0.has_one(|bot| is_bot && **bot == *asks.name()) {
            Ok(())
        } else {
            Err("it is about other bots")
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
impl super::sample::Sampled for Bots {
    fn samples() -> Vec<super::sample::Sample> {
        let values = [
            "\"momentum\"",
            "[\"momentum\", \"other\"]",
            "\"other\"",
            "[]",
        ];
        vec![super::sample::Sample::of(KEY, values)]
    }
}
