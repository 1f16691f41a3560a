//! `max_order_lifetime`: how long an order may wait for somebody to fill it.

use countersign_intent::{Span, Timestamp};

use crate::document::value;
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "max_order_lifetime";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxOrderLifetime(Span);

impl Default for MaxOrderLifetime {
    /// A day.
    fn default() -> Self {
        Self(Span::from_secs(86_400))
    }
}

/// Until when what waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Over(Waiting, Timestamp),
    TooLong(Waiting, Timestamp, Span),
}

/// What somebody else may take up later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    Order,
    Signature,
}

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        match self {
            Self::TooLong(Waiting::Order, until, most) => {
                format!("the order waits to be filled until {until}, over {KEY} {most} from now")
            }
            Self::TooLong(Waiting::Signature, until, most) => {
                format!("the signature can be used until {until}, over {KEY} {most} from now")
            }
            Self::Over(Waiting::Order, until) => {
                format!("the order's expiry {until} is not in the future; state one that is")
            }
            Self::Over(Waiting::Signature, until) => {
                format!("the signature's end {until} is not in the future; state one that is")
            }
        }
    }
}

impl Term for MaxOrderLifetime {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "\"24h\"",
        "**24h**: an order that others could fill later than this from now is refused, and so is signed typed \
         data that they could hand in later",
    )];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        source
            .parse(KEY, value::window)
            .map_or_else(Self::default, Self)
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        inner.0 <= self.0
    }
}

impl Bound for MaxOrderLifetime {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let now = permission.facts.now;
        let subject = permission.subject;
        let what = match subject.swap() {
            Some(_) => Waiting::Order,
            None => Waiting::Signature,
        };
        match subject.effect.head().expires_at {
            None => Ok(()),
            Some(until) if until <= now => Err(Miss::Over(what, until)),
            Some(until) if until > now.saturating_add(self.0) => {
                Err(Miss::TooLong(what, until, self.0))
            }
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for MaxOrderLifetime {
    fn samples() -> Vec<crate::term::sample::Sample> {
        let values = ["\"1h\"", "\"24h\"", "\"48h\""];
        vec![crate::term::sample::Sample::of(KEY, values).widest("\"9d\"")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{NOW, swap, trade};
        let waiting = |hours: u64| {
            trade(countersign_intent::solana::Swap {
                expires_at: Some(NOW.saturating_add(Span::from_secs(hours * 3_600))),
                ..swap()
            })
        };
        vec![waiting(2), waiting(36)]
    }
}
