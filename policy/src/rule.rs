//! The vocabulary of rules: which effects, under which bounds, with which outcome. The keys of `when`
//! are [terms](crate::term).

use std::sync::Arc;

use countersign_intent::Span;

pub use crate::term::action::Actions;
pub use crate::term::{Bounds, When};

/// A list of values any of which will do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AnyOf<T> {
    /// The key is not there, or says `"any"`.
    #[default]
    Any,
    /// These; an empty list matches nothing.
    These(Vec<T>),
}

impl<T: PartialEq> AnyOf<T> {
    /// Whether `value` is among them.
    pub fn has(&self, value: &T) -> bool {
        match self {
            Self::Any => true,
            Self::These(list) => list.contains(value),
        }
    }

    /// Whether everything in `inner` is in this.
    pub(crate) fn includes(&self, inner: &Self) -> bool {
        match (self, inner) {
            (Self::Any, _) => true,
            (Self::These(_), Self::Any) => false,
            (Self::These(outer), Self::These(inner)) => inner.iter().all(|one| outer.contains(one)),
        }
    }

    /// Whether nothing is in both.
    pub(crate) fn is_apart(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::These(a), Self::These(b)) => !a.iter().any(|one| b.contains(one)),
            (Self::These(list), Self::Any) | (Self::Any, Self::These(list)) => list.is_empty(),
            (Self::Any, Self::Any) => false,
        }
    }
}

impl<T> AnyOf<T> {
    /// Whether everything matches.
    pub const fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }

    /// Whether some value that is listed is meant, or any is.
    pub(crate) fn has_one(&self, is_meant: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::These(list) => list.iter().any(is_meant),
        }
    }

    /// Whether nothing matches.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::These(list) if list.is_empty())
    }
}

/// Approvals a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Requirement {
    /// Name of the group that approves.
    pub group: Box<str>,
    /// How many distinct members, the asker never among them.
    pub quorum: u8,
    /// Nothing is released before this long after the ask.
    pub time_lock: Span,
    /// The ask lapses this long after it was made.
    pub expires: Span,
    /// A member's device must have signed the transaction itself.
    pub ledger_cosign: bool,
    /// The rule that asks.
    pub rule: Box<str>,
}

impl Requirement {
    /// No ask waits longer than this.
    pub const MOST_EXPIRY: Span = Span::from_secs(90 * 86_400);
}

/// What a rule says about the effects it matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Permitted.
    Allow,
    /// Refused, whatever other rules say.
    Deny,
    /// Permitted once approved.
    Approve(Requirement),
}

impl Then {
    /// Whether an approver's device signs too.
    pub(crate) const fn is_cosigned(&self) -> bool {
        matches!(self, Self::Approve(asked) if asked.ledger_cosign)
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) when: When,
    pub(crate) bounds: Bounds,
    pub(crate) then: Then,
}

impl Rule {
    /// The name in the policy file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which effects it is about.
    #[must_use]
    pub const fn when(&self) -> &When {
        &self.when
    }

    /// What it says about them.
    #[must_use]
    pub const fn then(&self) -> &Then {
        &self.then
    }
}
