//! `contract`: which contract is called.

use countersign_intent::evm::Address;

use crate::request::{Subject, must_be_named, place};
use crate::rule::AnyOf;
use crate::term::{Between, Context, Key, Scope, Source, Term, When};

const KEY: &str = "contract";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Contracts(AnyOf<Address>);

impl Term for Contracts {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "contracts, by their addresses. A call that is not understood, an allowance without a bound and everything of Permit2 have to be named here and in `selector`.",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.any_of(KEY, str::parse))
    }

    /// Some calls are permitted only by a list.
    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0) && (inner.0.is_any() || !self.0.is_any())
    }
}

impl Scope for Contracts {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let AnyOf::These(listed) = &self.0 else {
            return Ok(());
        };
        match place(context.subject).and_then(|place| place.contract) {
            Some(called) if listed.contains(&called) => Ok(()),
            _ => Err("what is called is not in its `contract`"),
        }
    }

    #[inline]
    fn is_named(&self, subject: &Subject<'_>) -> Result<(), &'static str> {
        if must_be_named(subject) && self.0.is_any() {
            Err("what is called has to be written in `contract` and `selector`")
        } else {
            Ok(())
        }
    }

    fn stops_all(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for Contracts {
    fn samples() -> Vec<crate::term::sample::Sample> {
        let values = [
            "\"0x0808080808080808080808080808080808080808\"",
            "[\"0x0808080808080808080808080808080808080808\", \"0x0909090909090909090909090909090909090909\"]",
            "[]",
        ];
        vec![crate::term::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::evm;
        vec![evm::call(8, [1, 2, 3, 4]), evm::call(9, [5, 6, 7, 8])]
    }
}
