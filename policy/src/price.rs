//! Values at reference prices, in micro-dollars.

use std::fmt;

use countersign_intent::{Asset, Span, Timestamp};

use crate::facts::Facts;
use crate::request::symbol;
use crate::set::PolicySet;

/// Why an amount has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpriced {
    /// The policy declares no price source for it.
    Undeclared(Asset),
    /// There is no price.
    Missing(Asset),
    /// The price is too old, or from the future.
    Stale(Asset, Timestamp, Span),
    /// The value does not fit 128 bits.
    Overflow(Asset),
}

impl Unpriced {
    pub(crate) fn sentence(self, set: &PolicySet) -> impl fmt::Display {
        match self {
            Self::Undeclared(asset) => {
                let name = symbol(set, asset);
                format!(
                    "the policy declares no reference price for {name}: it takes `[assets.{name}]` with \
                     `reference_price_usd`"
                )
            }
            Self::Missing(asset) => {
                let name = symbol(set, asset);
                format!(
                    "the reference price of {name} is missing: `countersign prices set {name} USD`"
                )
            }
            Self::Stale(asset, taken_at, max_age) => {
                let name = symbol(set, asset);
                format!(
                    "the reference price of {name} was taken at {taken_at}, which is not within the \
                     last {max_age}: `countersign prices set {name} USD`"
                )
            }
            Self::Overflow(asset) => {
                format!(
                    "the value in {} is larger than can be counted",
                    symbol(set, asset)
                )
            }
        }
    }
}

/// Value of `amount` base units in micro-dollars, rounded up.
pub(crate) fn value(
    set: &PolicySet,
    facts: &Facts<'_>,
    asset: Asset,
    amount: u128,
) -> Result<u128, Unpriced> {
    let (price, scale) = price(set, facts, asset)?;
    amount
        .checked_mul(u128::from(price))
        .map(|product| product.div_ceil(scale))
        .ok_or(Unpriced::Overflow(asset))
}

/// A fresh price of one whole unit, and the base units in one.
pub(crate) fn price(
    set: &PolicySet,
    facts: &Facts<'_>,
    asset: Asset,
) -> Result<(u64, u128), Unpriced> {
    let declared = set.asset(asset).ok_or(Unpriced::Undeclared(asset))?;
    let max_age = declared.price_max_age.ok_or(Unpriced::Undeclared(asset))?;
    let price = facts
        .prices
        .iter()
        .find(|price| price.asset == asset)
        .ok_or(Unpriced::Missing(asset))?;
    let fresh = price.taken_at <= facts.now && facts.now.since(price.taken_at) <= max_age;
    if !fresh {
        return Err(Unpriced::Stale(asset, price.taken_at, max_age));
    }
    10_u128
        .checked_pow(u32::from(declared.decimals))
        .map(|scale| (price.micro_usd, scale))
        .ok_or(Unpriced::Overflow(asset))
}
