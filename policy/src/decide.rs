//! The decision: every effect against every rule, every limit against the windows.

use std::sync::Arc;

use countersign_intent::{Action, Counterparty, Intent, Principal, intent_digest};

use crate::approval::{self, Binding};
use crate::decision::{Ask, Decision, Denial, Permit, Reason, ReasonCode};
use crate::facts::{Facts, WalletFacts};
use crate::judge::{self, Points};
use crate::limit::LimitKey;
use crate::request::{AssetOf, Request, Subject};
use crate::rule::{Requirement, Rule, Then};
use crate::set::PolicySet;
use crate::spending;

/// Judges an intent. The outcome is the strictest over its effects and limits; whatever cannot
/// be told denies.
#[must_use]
pub fn decide(set: &PolicySet, intent: &Intent, facts: &Facts<'_>) -> Decision {
    let request = Request::new(set, intent, facts.principal, facts.wallet);
    let mut verdict = Verdict::default();
    for subject in &request.subjects {
        verdict.judge(&request, subject, facts);
    }
    if request.subjects.is_empty() {
        verdict.deny(None, None, "the request has no effect".to_owned());
    }
    let reservations = spending::reserve(&request, facts, &mut verdict.reasons);
    if !verdict.reasons.is_empty() {
        return Decision::Deny(Denial {
            reasons: verdict.reasons,
        });
    }
    let demands = verdict.demands(set);
    let approved_intent = (!demands.is_empty()).then(|| intent_digest(intent));
    if let Some(intent_digest) = approved_intent {
        let ask = ask(set, demands, intent_digest, facts);
        if !ask.unmet.is_empty() || facts.approvals.is_none() {
            return Decision::NeedApproval(ask);
        }
    }
    Decision::Allow(Permit {
        rules: verdict.rules(set),
        reservations,
        policy_hash: set.hash(),
        approved_intent,
    })
}

/// The windows that [`decide()`] will ask for: those of every limit that could match.
#[must_use]
pub fn limit_keys(
    set: &PolicySet,
    intent: &Intent,
    principal: &Principal,
    wallet: &WalletFacts<'_>,
) -> Vec<LimitKey> {
    spending::keys(&Request::new(set, intent, principal, *wallet))
}

/// What was found so far.
#[derive(Default)]
struct Verdict {
    reasons: Vec<Reason>,
    /// Indices of the rules that permitted something.
    permitting: Vec<usize>,
    /// Indices of the rules whose approval is demanded.
    demanding: Vec<usize>,
    /// What permits the effect before, amounts aside: long requests repeat themselves.
    before: Option<(Alike, Vec<usize>)>,
}

/// All that decides which rules permit an effect, amounts aside, unless it is a trade.
type Alike = (Action, AssetOf, Counterparty);

impl Verdict {
    fn judge(&mut self, request: &Request<'_>, subject: &Subject<'_>, facts: &Facts<'_>) {
        let rules = &request.set.rules;
        for rule in rules
            .iter()
            .filter(|rule| judge::denies(rule, request, subject, facts))
        {
            let what = request.describe(subject);
            let message = format!("rule `{}` denies the {what}", rule.name);
            self.deny(Some(rule), Some(subject.index), message);
        }
        let points = judge::amounts(rules, subject);
        for (index, rule) in rules.iter().enumerate() {
            let demands = matches!(rule.then, Then::Approve(_))
                && judge::touches(rule, request, subject, facts).is_ok()
                && points.iter().any(|at| rule.when.amount.demand(subject, at));
            if demands {
                insert(&mut self.demanding, index);
            }
        }
        if subject.primary {
            self.permit(request, subject, facts, &points);
        }
    }

    /// Every amount has to be permitted by some rule.
    fn permit(
        &mut self,
        request: &Request<'_>,
        subject: &Subject<'_>,
        facts: &Facts<'_>,
        points: &Points,
    ) {
        let rules = &request.set.rules;
        let alike = (subject.action, subject.asset, subject.receivers);
        let trades = subject.effect.head().receives.is_some();
        let permitting = match self.before.take() {
            Some((before, permitting)) if before == alike && !trades => permitting,
            _ => permitting(request, subject, facts),
        };
        let at_point = |index: &usize, at: u128| {
            let rule = rules.get(*index);
            rule.is_some_and(|rule| judge::permits_amount(rule, subject, at).is_ok())
        };
        let gap = points
            .iter()
            .rfind(|at| !permitting.iter().any(|index| at_point(index, *at)));
        if let Some(at) = gap {
            self.nothing_permits(request, subject, facts, at);
        }
        let used = permitting
            .iter()
            .filter(|index| points.iter().any(|at| at_point(index, at)));
        used.for_each(|index| insert(&mut self.permitting, *index));
        self.before = (!trades).then_some((alike, permitting));
    }

    /// Says which effect, and why each rule that came near does not permit it.
    fn nothing_permits(
        &mut self,
        request: &Request<'_>,
        subject: &Subject<'_>,
        facts: &Facts<'_>,
        at: u128,
    ) {
        let what = request.describe(subject);
        self.deny(
            None,
            Some(subject.index),
            format!("no rule permits the {what}"),
        );
        let near = request
            .set
            .rules
            .iter()
            .filter(|rule| rule.then != Then::Deny && rule.when.action.has(subject.action));
        for rule in near {
            let miss = judge::permits(rule, request, subject, facts)
                .and_then(|()| judge::permits_amount(rule, subject, at));
            if let Err(miss) = miss {
                let why = miss.sentence(request.set);
                let message = format!("rule `{}`: {why}", rule.name);
                self.deny(Some(rule), Some(subject.index), message);
                if let Some(reason) = self.reasons.last_mut() {
                    reason.retry_after = miss.retry_after();
                }
            }
        }
    }

    fn deny(&mut self, rule: Option<&Rule>, effect: Option<usize>, message: String) {
        self.reasons.push(Reason {
            code: ReasonCode::PolicyDenied,
            rule: rule.map(|rule| rule.name().into()),
            effect,
            message,
            retry_after: None,
        });
    }

    fn demands(&self, set: &PolicySet) -> Vec<Requirement> {
        let rules = self
            .demanding
            .iter()
            .filter_map(|index| set.rules.get(*index));
        rules
            .filter_map(|rule| match &rule.then {
                Then::Approve(requirement) => Some(requirement.clone()),
                Then::Allow | Then::Deny => None,
            })
            .collect()
    }

    fn rules(&self, set: &PolicySet) -> Vec<Arc<str>> {
        let rules = self
            .permitting
            .iter()
            .filter_map(|index| set.rules.get(*index));
        rules.map(|rule| rule.name.clone()).collect()
    }
}

/// The rules that permit an effect, amounts aside.
fn permitting(request: &Request<'_>, subject: &Subject<'_>, facts: &Facts<'_>) -> Vec<usize> {
    (0..)
        .zip(&request.set.rules)
        .filter(|(_, rule)| rule.then != Then::Deny && rule.when.action.has(subject.action))
        .filter(|(_, rule)| judge::permits(rule, request, subject, facts).is_ok())
        .map(|(index, _)| index)
        .collect()
}

/// Keeps the order of the file and every index once.
fn insert(list: &mut Vec<usize>, index: usize) {
    if let Err(place) = list.binary_search(&index) {
        list.insert(place, index);
    }
}

/// What has to be approved, and what is missing from the approvals that are there.
fn ask(
    set: &PolicySet,
    requirements: Vec<Requirement>,
    intent_digest: [u8; 32],
    facts: &Facts<'_>,
) -> Ask {
    let unmet = facts.approvals.map_or_else(Vec::new, |approvals| {
        let check = |requirement: &Requirement| {
            let Some(group) = set.group(&requirement.group) else {
                return Err(format!("the group `{}` does not exist", requirement.group));
            };
            let binding = Binding {
                approvers: &group.approvers,
                roster_hash: group.roster_hash,
                policy_hash: set.hash,
                intent_digest,
            };
            approval::check(requirement, &binding, &approvals, facts.now)
        };
        requirements
            .iter()
            .filter_map(|one| check(one).err())
            .collect()
    });
    Ask {
        requirements,
        unmet,
        policy_hash: set.hash,
        intent_digest,
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
