//! `max_slippage_bps`: how much less than quoted a trade may bring.
//!
//! A trade that does not have to bring anything is never within, whatever is written.

use countersign_intent::{Action, Amount};

use crate::lint::Findings;
use crate::rule::Rule;
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "max_slippage_bps";

/// From the quote's own numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MaxSlippage(Option<u16>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    NothingReceived,
    Slippage(u16, u16),
}

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        match self {
            Self::NothingReceived => "the trade does not have to receive anything".to_owned(),
            Self::Slippage(got, max) => format!("slippage {got} bps is over {KEY} {max}"),
        }
    }
}

impl Term for MaxSlippage {
    const KEYS: &'static [Key] = &[Key::bound(KEY, "300", "no bound")];

    const NOTE: &'static str = "*`max_slippage_bps` reads the quote that stands in the instruction. The \
        bot wrote that quote, and most programs but Jupiter have none, so then it bounds nothing. Only \
        `min_value_ratio` compares with a price that the bot did not choose.* A trade that does not have \
        to receive anything is refused always.";

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.basis_points(KEY))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        match (self.0, inner.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => narrow <= wide,
        }
    }

    fn lint(&self, rule: &Rule, subject: &str, findings: &mut Findings) {
        if !rule.when.action.has(Action::Trade) {
            return;
        }
        if self.0.is_none() {
            findings.warn(
                subject,
                "trades have no `max_slippage_bps`; a bot can sell for next to nothing",
            );
        } else if rule.bounds.min_value_ratio.0.is_none() {
            findings.note(
                subject,
                "slippage is measured against the quote that the bot brings, and a trade without \
                 one passes; `min_value_ratio` holds it against reference prices",
            );
        }
    }
}

impl Bound for MaxSlippage {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let Some(swap) = permission.subject.swap() else {
            return Ok(());
        };
        if swap.receive_min == Amount::ZERO {
            return Err(Miss::NothingReceived);
        }
        match (self.0, swap.quote) {
            (Some(max), Some(quote)) if quote.slippage_bps > max => {
                Err(Miss::Slippage(quote.slippage_bps, max))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for MaxSlippage {
    fn samples() -> Vec<crate::term::sample::Sample> {
        vec![crate::term::sample::Sample::of(KEY, ["50", "300", "1000"])]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{swap, trade};
        let quoting = |slippage_bps| {
            let amount = swap().receive_min;
            trade(countersign_intent::solana::Swap {
                quote: Some(countersign_intent::solana::Quote {
                    amount,
                    slippage_bps,
                }),
                ..swap()
            })
        };
        vec![quoting(200), quoting(900)]
    }
}
