//! `program`: through which program it trades. What does not trade is never meant.

use countersign_intent::Action;

use super::{Between, Context, Key, Outflow, Scope, Source, Term, When};
use crate::document::{nearest, value};
use crate::rule::AnyOf;

const KEY: &str = "program";

const VALUES: &str = "trades and launches only: `jupiter-limit-v2`, `jupiter-v6`, `jupiterz`, \
     `meteora-damm-v1`, `meteora-damm-v2`, `meteora-dbc`, `meteora-dlmm`, `openbook-v2`, \
     `orca-whirlpool`, `phoenix`, `pump-fun`, `pumpswap`, `raydium-amm-v4`, `raydium-clmm`, \
     `raydium-cpmm`, `raydium-launchlab`, `raydium-stable`";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Programs(AnyOf<Box<str>>);

impl Programs {
    /// What is written and is no program that is understood, with the one that may be meant.
    pub(crate) fn unknown(&self) -> Vec<(&str, Option<&'static str>)> {
        let AnyOf::These(written) = &self.0 else {
            return Vec::new();
        };
        let known: Vec<&str> = VALUES.split('`').skip(1).step_by(2).collect();
        let unknown = written
            .iter()
            .filter(|name| !known.contains(&name.as_ref()));
        unknown
            .map(|name| (name.as_ref(), nearest(name, &known)))
            .collect()
    }
}

impl Term for Programs {
    const KEYS: &'static [Key] = &[Key::scope(KEY, VALUES)];

    const NOTE: &'static str = "*A misspelt program is not an error: the rule just never matches, and \
                                `policy lint` says which was meant.*";

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, value::name))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Programs {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let program = context.subject.program();
        let is_meant = |program: &str| self.0.has_one(|one| **one == *program);
        if self.0.is_any() || program.is_some_and(is_meant) {
            Ok(())
        } else {
            Err("the program is not in `program`")
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
impl super::sample::Sampled for Programs {
    fn samples() -> Vec<super::sample::Sample> {
        let values = [
            "\"jupiter-v6\"",
            "[\"jupiter-v6\", \"orca\"]",
            "[\"orca\"]",
            "[]",
        ];
        vec![super::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use super::sample::{swap, trade};
        let through = |program| trade(countersign_intent::solana::Swap { program, ..swap() });
        vec![through("jupiter-v6"), through("orca"), through("phoenix")]
    }
}
