//! `max_priority_fee` and `max_tip`: what is paid to be included.
//!
//! They are one term since without `max_tip` tips count as priority fee, and without either both
//! together stay within one bound that is built in.

use countersign_intent::{Amount, Asset};

use crate::request::{AssetOf, money};
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const PRIORITY: &str = "max_priority_fee";
const TIP: &str = "max_tip";

/// Priority fee and tips together, where a rule bounds neither: 0.01 SOL.
const BUILT_IN: Amount = Amount::from_base(10_000_000);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fees {
    priority: Option<Amount>,
    tip: Option<Amount>,
}

/// What is bounded.
enum Caps {
    Together(Amount),
    Each { priority: Amount, tips: Amount },
}

/// Which fee is over which bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Priority(Amount, Amount),
    Tips(Amount, Amount),
    Both(Amount, Amount, &'static str),
}

impl Sentence for Miss {
    fn sentence(&self, set: &PolicySet) -> String {
        let sol = |amount: &Amount| money(set, AssetOf::Known(Asset::SOL), amount.base());
        match self {
            Self::Priority(got, max) => {
                format!("priority fee {} is over {PRIORITY} {}", sol(got), sol(max))
            }
            Self::Tips(got, max) => format!("tips of {} are over {TIP} {}", sol(got), sol(max)),
            Self::Both(got, max, bound) => format!(
                "priority fee and tips of {} are over {bound} {}",
                sol(got),
                sol(max)
            ),
        }
    }
}

impl Fees {
    fn caps(&self) -> Caps {
        let priority = self.priority.unwrap_or(BUILT_IN);
        match self.tip {
            None => Caps::Together(priority),
            Some(tips) => Caps::Each { priority, tips },
        }
    }

    /// Where no tip is bounded, tips are priority fees.
    fn together(&self, priority: Amount, tips: Amount, max: Amount) -> Result<(), Miss> {
        let both = priority.saturating_add(tips);
        if both <= max {
            return Ok(());
        }
        Err(match self.priority {
            None => Miss::Both(both, max, "the built-in bound of"),
            Some(_) if tips == Amount::ZERO => Miss::Priority(priority, max),
            Some(_) => Miss::Both(both, max, PRIORITY),
        })
    }

    /// Whether no fee at all is paid.
    pub(crate) fn are_none(&self) -> bool {
        match self.caps() {
            Caps::Together(both) => both == Amount::ZERO,
            Caps::Each { priority, tips } => priority.max(tips) == Amount::ZERO,
        }
    }
}

impl Term for Fees {
    const KEYS: &'static [Key] = &[
        Key::bound(
            PRIORITY,
            "\"0.01 SOL\"",
            "priority fee and tips together at most 0.01 SOL",
        ),
        Key::bound(
            TIP,
            "\"0.001 SOL\"",
            "tips count as priority fee. Tips go to Jito's accounts, and to those \
             [registered](../appliance/README.md#registrations); to any other account SOL is a withdrawal.",
        ),
    ];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self {
            priority: source.lamports(PRIORITY),
            tip: source.lamports(TIP),
        }
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        match (self.caps(), inner.caps()) {
            (Caps::Together(wide), Caps::Together(narrow)) => narrow <= wide,
            (Caps::Together(wide), Caps::Each { priority, tips }) => {
                let both = priority.checked_add(tips);
                both.is_some_and(|both| both <= wide)
            }
            (Caps::Each { priority, tips }, Caps::Together(narrow)) => {
                narrow <= priority && narrow <= tips
            }
            (
                Caps::Each { priority, tips },
                Caps::Each {
                    priority: less,
                    tips: fewer,
                },
            ) => less <= priority && fewer <= tips,
        }
    }
}

impl Bound for Fees {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let request = permission.request;
        let (priority, tips) = (request.priority_fee, request.tips);
        match self.caps() {
            Caps::Together(max) => self.together(priority, tips, max),
            Caps::Each { priority: max, .. } if priority > max => {
                Err(Miss::Priority(priority, max))
            }
            Caps::Each { tips: max, .. } if tips > max => Err(Miss::Tips(tips, max)),
            Caps::Each { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for Fees {
    fn samples() -> Vec<crate::term::sample::Sample> {
        use crate::term::sample::Sample;
        let priority = ["\"0 SOL\"", "\"0.009 SOL\"", "\"0.01 SOL\"", "\"1 SOL\""];
        let tips = ["\"0 SOL\"", "\"0.016 SOL\"", "\"0.02 SOL\"", "\"1 SOL\""];
        vec![
            Sample::of(PRIORITY, priority).widest("\"9 SOL\""),
            Sample::of(TIP, tips)
                .widest("\"9 SOL\"")
                .beside("max_priority_fee = \"0.009 SOL\""),
        ]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{STRANGER, beside_payment, lamports};
        use countersign_intent::solana::Detail as Effect;
        let fee = |priority| Effect::Fee {
            signatures: Amount::from_base(5_000),
            priority: lamports(priority),
        };
        let tip = |amount| Effect::Tip {
            to: STRANGER,
            amount: lamports(amount),
        };
        vec![
            beside_payment(vec![fee(8)]),
            beside_payment(vec![fee(30)]),
            beside_payment(vec![tip(15)]),
            beside_payment(vec![tip(30)]),
            beside_payment(vec![fee(8), tip(15)]),
        ]
    }
}
