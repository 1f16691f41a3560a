//! `asset`: what is at stake.

use countersign_intent::Asset;

use super::{Between, Context, Key, Outflow, Scope, Source, Term, When};
use crate::request::AssetOf;
use crate::rule::AnyOf;

const KEY: &str = "asset";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Assets(pub(crate) AnyOf<Asset>);

impl Term for Assets {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "what is at stake, for a trade what is given: a symbol or a mint",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.assets(KEY))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Scope for Assets {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        let is_meant = match (&self.0, context.subject.asset) {
            (AnyOf::Any, _) => true,
            (AnyOf::These(list), AssetOf::Known(asset)) => list.contains(&asset),
            (AnyOf::These(list), AssetOf::Unknown) => {
                context.purpose.doubt_is_meant() && !list.is_empty()
            }
            (AnyOf::These(_), AssetOf::Nothing) => false,
        };
        if is_meant {
            Ok(())
        } else {
            Err("the asset is not in `asset`")
        }
    }

    fn counts_all(&self, _: &Self, _: &Between<'_>, outflow: Outflow) -> bool {
        self.0.has(&outflow.asset)
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        self.0.is_apart(&stop.0)
    }

    fn matches_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
impl super::sample::Sampled for Assets {
    fn samples() -> Vec<super::sample::Sample> {
        let values = ["\"SOL\"", "[\"USDC\"]", "[\"SOL\", \"USDC\"]", "[]"];
        vec![super::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use super::sample::{FRIEND, OTHER, intent, pay};
        let usdc = countersign_intent::solana::Asset::USDC;
        [usdc, OTHER]
            .map(|asset| intent(vec![pay(asset, 8, FRIEND)]))
            .to_vec()
    }
}
