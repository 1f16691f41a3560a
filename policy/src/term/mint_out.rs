//! `mint_out`: what a trade receives. What does not trade is never meant.

use countersign_intent::{Action, Asset};

use super::{Between, Context, Key, Outflow, Scope, Source, Term, When};
use crate::rule::AnyOf;

const KEY: &str = "mint_out";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MintsOut(pub(crate) AnyOf<Asset>);

impl Term for MintsOut {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "trades and launches only: what is received; a launch gives SOL for its coin",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.assets(KEY))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for MintsOut {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let is_meant = |received| self.0.has(&received);
        if self.0.is_any() || context.subject.received().is_some_and(is_meant) {
            Ok(())
        } else {
            Err("the asset received is not in `mint_out`")
        }
    }

    fn counts_all(&self, inner: &Self, between: &Between<'_>, outflow: Outflow) -> bool {
        match outflow.action {
            Action::Trade | Action::Launch => self.covers(inner, between),
            _ => self.0.is_any(),
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
impl super::sample::Sampled for MintsOut {
    fn samples() -> Vec<super::sample::Sample> {
        let values = ["\"SOL\"", "[\"SOL\", \"USDC\"]", "[]"];
        vec![super::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use super::sample::{OTHER, swapped, trade};
        vec![trade(swapped(
            countersign_intent::solana::Asset::Sol,
            OTHER,
        ))]
    }
}
