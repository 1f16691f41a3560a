//! One rule held against one effect.

use crate::bounds::{self, Miss};
use crate::facts::Facts;
use crate::matching::{self, Doubt, ScopeMiss};
use crate::request::{Request, Subject};
use crate::rule::{Rule, Then};

/// Whether a rule is about an effect, amounts aside, for denying it or demanding approval.
pub(crate) fn touches(
    rule: &Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> Result<(), ScopeMiss> {
    matching::scope(&rule.when, request, subject, Doubt::Holds)?;
    matching::destination(&rule.when, request.set, subject, None)?;
    matching::hours(&rule.when, facts.now)
}

/// Whether a rule permits an effect, amounts aside.
pub(crate) fn permits<'a>(
    rule: &'a Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> Result<(), Miss<'a>> {
    matching::scope(&rule.when, request, subject, Doubt::Fails).map_err(Miss::Scope)?;
    matching::destination(&rule.when, request.set, subject, Some(facts)).map_err(Miss::Scope)?;
    matching::hours(&rule.when, facts.now).map_err(Miss::Scope)?;
    if !matching::names_receiver_of_power(&rule.when, subject) {
        return Err(Miss::Scope(ScopeMiss::DestinationUnwritten));
    }
    if !matching::names_launch(&rule.when, subject) {
        return Err(Miss::Scope(ScopeMiss::LaunchUnnamed));
    }
    bounds::check(rule, request, subject, facts)
}

/// Whether `amount` lies where a permission holds.
pub(crate) fn permits_amount<'a>(
    rule: &'a Rule,
    subject: &Subject<'_>,
    amount: u128,
) -> Result<(), Miss<'a>> {
    let when = &rule.when;
    if !matching::over(when.over_amount.as_ref(), subject, amount, Doubt::Fails) {
        let line = when.over_amount.as_ref().map_or("", |line| line.text());
        return Err(Miss::OverAmount(subject.asset, amount, line));
    }
    if !matching::within(when.max_amount.as_ref(), subject, amount) {
        let most = when.max_amount.as_ref().map_or("", |most| most.text());
        return Err(Miss::MaxAmount(subject.asset, amount, most));
    }
    Ok(())
}

/// Whether `amount` lies where a demand for approval holds.
pub(crate) fn demands_amount(rule: &Rule, subject: &Subject<'_>, amount: u128) -> bool {
    let within = match (&rule.when.max_amount, subject.amount) {
        (Some(most), _) => match matching::base_units(most, subject) {
            Some(most) => amount <= most.base(),
            None => true,
        },
        (None, _) => true,
    };
    within
        && matching::over(
            rule.when.over_amount.as_ref(),
            subject,
            amount,
            Doubt::Holds,
        )
}

/// Whether a deny rule refuses the effect.
pub(crate) fn denies(
    rule: &Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> bool {
    let over = rule.when.over_amount.as_ref();
    rule.then == Then::Deny
        && touches(rule, request, subject, facts).is_ok()
        && matching::over(over, subject, subject.total, Doubt::Holds)
}

/// The amounts at which an effect is judged: its own, and every one up to the sum of its kind
/// where some rule begins or ends, that sum last. The strictest outcome wins, so splitting an
/// amount, or adding to it, never loosens.
pub(crate) fn amounts(rules: &[Rule], subject: &Subject<'_>) -> Points {
    let mut points = Points {
        own: subject.amount,
        above: Vec::new(),
    };
    if subject.total > subject.amount {
        let lines = rules
            .iter()
            .flat_map(|rule| [&rule.when.over_amount, &rule.when.max_amount])
            .filter_map(|threshold| matching::base_units(threshold.as_ref()?, subject))
            .filter_map(|line| line.base().checked_add(1))
            .filter(|point| *point > subject.amount && *point < subject.total);
        points.above.extend(lines);
        points.above.sort_unstable();
        points.above.push(subject.total);
    }
    points
}

/// Amounts in ascending order, of which there is at least one.
pub(crate) struct Points {
    own: u128,
    above: Vec<u128>,
}

impl Points {
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = u128> {
        std::iter::once(self.own).chain(self.above.iter().copied())
    }
}
