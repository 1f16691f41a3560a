//! One rule held against one effect.

use crate::facts::Facts;
use crate::request::{Request, Subject};
use crate::rule::{Rule, Then};
use crate::term::{Context, Miss, Permission, Purpose};

/// Whether a rule is about an effect, amounts aside, for denying it or demanding approval.
pub(crate) fn touches<'a>(
    rule: &'a Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> Result<(), Miss<'a>> {
    rule.when.is_about(&Context {
        request,
        subject,
        purpose: Purpose::Stop(facts),
    })
}

/// Whether a rule permits an effect, amounts aside.
pub(crate) fn permits<'a>(
    rule: &'a Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> Result<(), Miss<'a>> {
    rule.when.is_about(&Context {
        request,
        subject,
        purpose: Purpose::Permit(facts),
    })?;
    rule.when.is_named(subject)?;
    rule.bounds.permits(&Permission {
        request,
        subject,
        facts,
        cosigned: rule.then.is_cosigned(),
    })
}

/// Whether `amount` lies where a permission holds.
pub(crate) fn permits_amount<'a>(
    rule: &'a Rule,
    subject: &Subject<'_>,
    amount: u128,
) -> Result<(), Miss<'a>> {
    rule.when
        .amount
        .permit(subject, amount)
        .map_err(Miss::amount)
}

/// Whether a deny rule refuses the effect.
pub(crate) fn denies(
    rule: &Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> bool {
    rule.then == Then::Deny
        && touches(rule, request, subject, facts).is_ok()
        && rule.when.amount.stop(subject)
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
            .flat_map(|rule| rule.when.amount.lines(subject))
            .filter_map(|line| line.checked_add(1))
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
