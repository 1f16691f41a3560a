//! `action`: what kind of effect it is.

use countersign_intent::Action;

use super::{Between, Context, Key, Outflow, Scope, Source, Term, When};
use crate::document::value::unknown;
use crate::lint::Findings;
use crate::request::Subject;
use crate::rule::{AnyOf, Rule};

const KEY: &str = "action";

/// A set of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions(u8);

impl Actions {
    /// Every action, without naming one.
    pub const ANY: Self = Self(0b1111_1111);
    /// No action.
    pub const NONE: Self = Self(0);

    /// This set and `action`.
    #[must_use]
    pub const fn with(self, action: Action) -> Self {
        Self(self.0 | bit(action))
    }

    /// Whether `action` is in the set.
    #[must_use]
    pub const fn has(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    /// Whether every action of `other` is in this set.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether `action` is in the set and was named, not only covered by `"any"`.
    #[must_use]
    pub const fn names(self, action: Action) -> bool {
        self.has(action) && self.0 != Self::ANY.0
    }

    /// Whether some action is in both.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl Default for Actions {
    fn default() -> Self {
        Self::ANY
    }
}

const fn bit(action: Action) -> u8 {
    match action {
        Action::Trade => 1,
        Action::Withdrawal => 2,
        Action::Fee => 4,
        Action::Housekeeping => 8,
        Action::Authority => 16,
        Action::Stake => 32,
        Action::Launch => 64,
    }
}

impl Term for Actions {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "`trade`, `withdrawal`, `fee`, `housekeeping`, `authority`, `stake`, `launch`. A rule that \
         permits has to name its actions or write `\"any\"`, which does not name a `launch`.",
    )];

    type Miss<'a> = &'static str;

    fn read(source: &Source<'_>, _: &When) -> Self {
        match source.any_of(KEY, action) {
            AnyOf::Any => Self::ANY,
            AnyOf::These(list) => list.into_iter().fold(Self::NONE, Self::with),
        }
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        let launches = |actions: &Self| actions.names(Action::Launch);
        self.includes(*inner) && (launches(self) || !launches(inner))
    }

    fn lint(&self, _: &Rule, subject: &str, findings: &mut Findings) {
        if *self == Self::ANY {
            findings.warn(
                subject,
                "it permits every action, handing over power included",
            );
        }
    }
}

impl Scope for Actions {
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), &'static str> {
        if self.has(context.subject.action) {
            Ok(())
        } else {
            Err("it is about other actions")
        }
    }

    /// A launch is permitted only by a rule that names it.
    #[inline]
    fn is_named(&self, subject: &Subject<'_>) -> Result<(), &'static str> {
        if subject.action != Action::Launch || self.names(Action::Launch) {
            Ok(())
        } else {
            Err("a launch has to be named: `action = \"launch\"`, which `\"any\"` does not say")
        }
    }

    fn stops_all(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.includes(*inner)
    }

    fn counts_all(&self, _: &Self, _: &Between<'_>, outflow: Outflow) -> bool {
        self.has(outflow.action)
    }

    fn is_apart(&self, stop: &Self, _: &Between<'_>) -> bool {
        !self.meets(*stop)
    }

    fn matches_nothing(&self) -> bool {
        *self == Self::NONE
    }
}

fn action(text: &str) -> Result<Action, String> {
    let known = Action::ALL.map(Action::as_str);
    Action::ALL
        .into_iter()
        .find(|action| action.as_str() == text)
        .ok_or_else(|| unknown("action", text, &known))
}

#[cfg(test)]
impl super::sample::Sampled for Actions {
    fn samples() -> Vec<super::sample::Sample> {
        use super::sample::Sample;
        let values = [
            "\"any\"",
            "\"trade\"",
            "\"withdrawal\"",
            "[\"trade\", \"withdrawal\"]",
            "[\"authority\", \"stake\"]",
            "\"launch\"",
            "[\"trade\", \"launch\"]",
            "\"housekeeping\"",
            "\"fee\"",
            "[]",
        ];
        vec![Sample::of(KEY, values).alone()]
    }
}
