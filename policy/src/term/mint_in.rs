//! `mint_in`: what a trade gives. What does not trade is never meant.

use countersign_intent::{Action, Asset};

use super::{Between, Context, Key, Outflow, Scope, Source, Term, When};
use crate::rule::AnyOf;

const KEY: &str = "mint_in";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MintsIn(pub(crate) AnyOf<Asset>);

impl Term for MintsIn {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "trades and launches only: what is given; a launch gives SOL for its coin",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.assets(KEY))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for MintsIn {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let is_meant = |given| self.0.has(&given);
        if self.0.is_any() || context.subject.given().is_some_and(is_meant) {
            Ok(())
        } else {
            Err("the asset given is not in `mint_in`")
        }
    }

    fn counts_all(&self, _: &Self, _: &Between<'_>, outflow: Outflow) -> bool {
        match outflow.action {
            Action::Trade | Action::Launch => self.0.has(&outflow.asset),
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
impl super::sample::Sampled for MintsIn {
    fn samples() -> Vec<super::sample::Sample> {
        let values = ["\"SOL\"", "[\"SOL\", \"USDC\"]", "[]"];
        vec![super::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use super::sample::{OTHER, swapped, trade};
        use countersign_intent::solana::Asset;
        let usdc = Asset::USDC;
        vec![
            trade(swapped(usdc, Asset::Sol)),
            trade(swapped(OTHER, usdc)),
        ]
    }
}
