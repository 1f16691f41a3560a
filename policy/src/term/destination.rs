//! `destination`: who receives value or power.

use std::fmt;

use countersign_intent::{Account, Action, Timestamp};

use super::{Between, Context, Key, Outflow, Purpose, Scope, Sentence, Side, Source, Term, When};
use crate::document::value::unknown;
use crate::facts::{AddedDestination, Facts};
use crate::lint::Findings;
use crate::request::Subject;
use crate::rule::{AnyOf, Rule};
use crate::set::{Destination, PolicySet};

const KEY: &str = "destination";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Destinations {
    /// Indices into the policy's destinations.
    pub(crate) listed: AnyOf<usize>,
    /// Whether the key is there at all, if only to say `"any"`.
    pub(crate) written: bool,
}

/// Why an effect does not go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Nowhere,
    NotListed(Account),
    Cooling(Account, Timestamp),
    Unwritten,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("it goes to no `destination`"),
            Self::NotListed(to) => write!(f, "{to} is not in its `destination`"),
            Self::Cooling(to, until) => {
                write!(f, "{to} was added lately and cools down until {until}")
            }
            Self::Unwritten => {
                f.write_str("who receives the power has to be written in `destination`")
            }
        }
    }
}

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        self.to_string()
    }

    fn retry_after(&self) -> Option<Timestamp> {
        match self {
            Self::Cooling(_, until) => Some(*until),
            _ => None,
        }
    }
}

impl Term for Destinations {
    const KEYS: &'static [Key] = &[Key::scope(
        KEY,
        "names of `[destinations.…]`: who receives value or power. A permission waits until an address \
         has cooled down, and whoever receives power has to be written here.",
    )];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        let known: Vec<&str> = source.destinations.iter().map(Destination::name).collect();
        let index = |text: &str| {
            let found = known.iter().position(|name| *name == text);
            found.ok_or_else(|| unknown(KEY, text, &known))
        };
        Self {
            listed: source.any_of(KEY, index),
            written: source.get(KEY).is_some(),
        }
    }

    /// Cooldowns count by name, so a destination is covered only by its namesake, or by `any`.
    fn covers(&self, inner: &Self, between: &Between<'_>) -> bool {
        if inner.written && !self.written {
            return false;
        }
        if self.listed.is_any() {
            return true;
        }
        !inner.listed.is_any()
            && inner.named(between.inner).all(|inner| {
                let mut outer = self.named(between.outer);
                outer.any(|outer| outer.name == inner.name && takes_all(outer, inner))
            })
    }

    fn lint(&self, rule: &Rule, subject: &str, findings: &mut Findings) {
        if rule.when.action.has(Action::Withdrawal) && !self.written {
            findings.warn(
                subject,
                "withdrawals may go anywhere; name a `destination`, or write \
                 `destination = \"any\"` if that is meant",
            );
        }
    }
}

impl Scope for Destinations {
    /// It goes to an owner or an account that is listed. A permission also waits for cooldowns.
    #[inline]
    fn is_about(&self, context: &Context<'_>) -> Result<(), Miss> {
        let AnyOf::These(listed) = &self.listed else {
            return Ok(());
        };
        let cooling = match context.purpose {
            Purpose::Permit(facts) => Some(facts),
            Purpose::Stop(_) | Purpose::Count => None,
        };
        let mut miss = None;
        for to in context.subject.receivers.iter() {
            match reaches(listed, context.request.set, to, cooling) {
                Ok(()) => return Ok(()),
                // That one has to wait says more than that the other is not listed.
                Err(cools @ Miss::Cooling(..)) => miss = Some(cools),
                Err(other) => miss = miss.or(Some(other)),
            }
        }
        Err(miss.unwrap_or(Miss::Nowhere))
    }

    /// Power is handed only to somebody a rule names.
    #[inline]
    fn is_named(&self, subject: &Subject<'_>) -> Result<(), Miss> {
        let hands_power = subject.action == Action::Authority && !subject.receivers.is_nobody();
        if hands_power && !self.written {
            Err(Miss::Unwritten)
        } else {
            Ok(())
        }
    }

    fn stops_all(&self, inner: &Self, between: &Between<'_>) -> bool {
        if self.listed.is_any() || inner.listed.is_any() {
            return self.listed.is_any();
        }
        let outer: Vec<Account> = self.addresses(between.outer).collect();
        let mut inner = inner.addresses(between.inner);
        inner.all(|account| outer.contains(&account))
    }

    fn counts_all(&self, inner: &Self, between: &Between<'_>, outflow: Outflow) -> bool {
        match outflow.action {
            Action::Withdrawal => self.stops_all(inner, between),
            _ => self.listed.is_any(),
        }
    }

    /// Two lists without a common address are not apart: one may name the owner of a payment, the other
    /// its account.
    fn is_apart(&self, stop: &Self, between: &Between<'_>) -> bool {
        self.reach_nobody(between.outer) || stop.reach_nobody(between.inner)
    }

    fn matches_nothing(&self) -> bool {
        self.listed.is_empty()
    }
}

impl Destinations {
    fn named<'a>(&'a self, side: Side<'a>) -> impl Iterator<Item = &'a Destination> {
        let indices: &[usize] = match &self.listed {
            AnyOf::Any => &[],
            AnyOf::These(indices) => indices,
        };
        let destinations = indices.iter();
        destinations.filter_map(move |index| side.set.destinations.get(*index))
    }

    fn addresses<'a>(&'a self, side: Side<'a>) -> impl Iterator<Item = Account> {
        self.named(side).flat_map(Destination::accounts)
    }

    fn reach_nobody(&self, side: Side<'_>) -> bool {
        !self.listed.is_any() && self.addresses(side).next().is_none()
    }
}

/// Whether one destination takes whatever its namesake does, and no sooner.
fn takes_all(outer: &Destination, inner: &Destination) -> bool {
    inner.accounts().all(|account| outer.has(&account)) && inner.cooldown >= outer.cooldown
}

/// Whether one of these destinations lists an address that does not cool down there.
fn reaches(
    listed: &[usize],
    set: &PolicySet,
    to: Account,
    cooling: Option<&Facts<'_>>,
) -> Result<(), Miss> {
    let mut miss = Miss::NotListed(to);
    let destinations = listed.iter();
    for destination in destinations.filter_map(|index| set.destinations.get(*index)) {
        if !destination.has(&to) {
            continue;
        }
        let added = cooling.and_then(|facts| {
            let is_this = |added: &&AddedDestination| {
                added.address == to && added.destination == destination.name
            };
            let latest = facts.added_destinations.iter().filter(is_this);
            latest.map(|added| added.added_at).max()
        });
        let until = added.map(|at| at.saturating_add(destination.cooldown));
        match (until, cooling) {
            (Some(until), Some(facts)) if facts.now < until => {
                miss = Miss::Cooling(to, until);
            }
            _ => return Ok(()),
        }
    }
    Err(miss)
}

#[cfg(test)]
impl super::sample::Sampled for Destinations {
    fn samples() -> Vec<super::sample::Sample> {
        let values = [
            "\"friends\"",
            "\"shops\"",
            "[\"friends\", \"shops\"]",
            "\"any\"",
            "[]",
        ];
        vec![super::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use super::sample::{SHOP, STRANGER, intent, pay};
        [SHOP, STRANGER]
            .map(|to| intent(vec![pay(countersign_intent::solana::Asset::Sol, 8, to)]))
            .to_vec()
    }
}
