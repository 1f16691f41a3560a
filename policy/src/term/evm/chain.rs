//! `chain`: at which chain it happens.

use countersign_intent::evm::Chain;

use crate::document::value::unknown;
use crate::request::place;
use crate::rule::AnyOf;
use crate::term::{Between, Context, Key, Scope, Source, Term, When};

const KEY: &str = "chain";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chains(AnyOf<u64>);

impl Term for Chains {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "numbers or names of `[venues.evm.chains.…]`; nothing at other venues is meant",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of_numbers(KEY, |text| chain(text, source.chains)))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Chains {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let AnyOf::These(listed) = &self.0 else {
            return Ok(());
        };
        match place(context.subject) {
            Some(place) if listed.contains(&place.chain) => Ok(()),
            _ => Err("it is about other chains"),
        }
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

fn chain(text: &str, known: &[Chain]) -> Result<u64, String> {
    let named = known
        .iter()
        .find(|one| *one.name == *text || one.id.to_string() == text);
    named.map(|one| one.id).ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|one| &*one.name).collect();
        unknown(KEY, text, &names)
    })
}

#[cfg(test)]
impl crate::term::sample::Sampled for Chains {
    fn samples() -> Vec<crate::term::sample::Sample> {
        let values = ["1", "[1, 1337]", "\"devnet\"", "[]"];
        vec![crate::term::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::evm;
        vec![evm::pay(1), evm::pay(1_337)]
    }
}
