//! `min_value_ratio`: the least worth of what must arrive per worth of what may leave.

use countersign_intent::solana::Swap;

use crate::document::value;
use crate::facts::Facts;
use crate::price::{self, Unpriced};
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "min_value_ratio";

/// In basis points, at reference prices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MinValueRatio(pub(crate) Option<u16>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Under(u128, u16),
    Unpriced(Unpriced),
}

impl Sentence for Miss {
    fn sentence(&self, set: &PolicySet) -> String {
        match self {
            Self::Under(got, least) => format!(
                "the least received is worth {got} bps of what is given, under {KEY} {least} bps"
            ),
            Self::Unpriced(why) => why.sentence(set).to_string(),
        }
    }
}

impl Term for MinValueRatio {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "\"0.97\"",
        "no bound. Least worth of what must arrive per worth of what may leave, at reference prices of \
         both assets.",
    )];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.parse(KEY, value::ratio_bps))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        inner.0 >= self.0
    }
}

impl Bound for MinValueRatio {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        match (self.0, permission.subject.swap()) {
            (Some(least), Some(swap)) => {
                fair(permission.request.set, permission.facts, swap, least)
            }
            _ => Ok(()),
        }
    }

    fn needs_prices(&self) -> bool {
        self.0.is_some()
    }
}

/// Whether what must arrive is worth enough of what may leave.
fn fair(set: &PolicySet, facts: &Facts<'_>, swap: &Swap, least: u16) -> Result<(), Miss> {
    let (spent, got) = (swap.spend.into(), swap.receive.into());
    let given = price::value(set, facts, spent, swap.spend_max.base());
    let given = given.map_err(Miss::Unpriced)?;
    let (price, scale) = price::price(set, facts, got).map_err(Miss::Unpriced)?;
    let overflow = Miss::Unpriced(Unpriced::Overflow(got));
    let received = swap.receive_min.base().checked_mul(u128::from(price));
    // Rounded down: what arrives is never taken for more than it is.
    let received = received.ok_or(overflow)? / scale;
    let scaled = received.checked_mul(10_000).ok_or(overflow)?;
    let needed = given.checked_mul(u128::from(least)).ok_or(overflow)?;
    if scaled >= needed {
        return Ok(());
    }
    Err(Miss::Under(scaled.checked_div(given).unwrap_or(0), least))
}

#[cfg(test)]
impl crate::term::sample::Sampled for MinValueRatio {
    fn samples() -> Vec<crate::term::sample::Sample> {
        vec![crate::term::sample::Sample::of(KEY, ["\"0.5\"", "\"0.9\""])]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{swap, trade};
        let bringing = |dollars: u128| {
            trade(countersign_intent::solana::Swap {
                receive_min: countersign_intent::Amount::from_base(dollars * 1_000_000),
                quote: None,
                ..swap()
            })
        };
        // 70 and 30 per cent of what is given.
        vec![bringing(105), bringing(45)]
    }
}
