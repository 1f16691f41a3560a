//! `venue`: where it happens.

use countersign_intent::Venue;

use super::{Between, Context, Key, Scope, Source, Term, When};
use crate::document::value::unknown;
use crate::rule::AnyOf;

const KEY: &str = "venue";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Venues(AnyOf<Venue>);

impl Term for Venues {
    const KEYS: &'static [Key] = &[Key::scope(KEY, "`solana`, `evm`")];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, venue))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Venues {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        if self.0.has(&context.request.intent.venue()) {
            Ok(())
        } else {
            Err("it is about other venues")
        }
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

fn venue(text: &str) -> Result<Venue, String> {
    let known: Vec<&str> = Venue::ALL.iter().map(|one| one.as_str()).collect();
    Venue::by_slug(text).ok_or_else(|| unknown("venue", text, &known))
}

#[cfg(test)]
impl super::sample::Sampled for Venues {
    fn samples() -> Vec<super::sample::Sample> {
        vec![super::sample::Sample::of(
            KEY,
            ["\"solana\"", "\"evm\"", "[]"],
        )]
    }
}
