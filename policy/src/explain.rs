//! The whole of a decision: every rule on every effect, every limit with its numbers.

use std::fmt;

use countersign_intent::{Action, Intent};

use crate::decision::Decision;
use crate::facts::Facts;
use crate::judge;
use crate::limit::Scope;
use crate::request::{Request, Subject};
use crate::rule::{Rule, Then};
use crate::set::PolicySet;
use crate::spending;

/// Why a decision is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every effect, in the order of the intent.
    pub effects: Vec<ExplainedEffect>,
    /// Every limit that applies, once for each scope.
    pub limits: Vec<ExplainedLimit>,
}

/// One effect and what each rule says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedEffect {
    /// The effect in words.
    pub what: String,
    /// The action it counts as.
    pub action: Action,
    /// Whether it needs a rule of its own; otherwise the rules of the others bound it.
    pub primary: bool,
    /// Every rule of the policy, in the order of the file.
    pub rules: Vec<ExplainedRule>,
}

/// What one rule says of one effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedRule {
    /// Name of the rule.
    pub rule: Box<str>,
    /// What it says.
    pub says: Saying,
}

/// What a rule can say of an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saying {
    /// Permitted.
    Permits,
    /// Refused.
    Denies,
    /// Permitted once approved.
    Asks,
    /// Approval is needed, and the rule does not permit it even then: why.
    AsksOnly(String),
    /// Nothing: why.
    Nothing(String),
}

impl fmt::Display for Saying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permits => f.write_str("permits"),
            Self::Denies => f.write_str("denies"),
            Self::Asks => f.write_str("permits once approved"),
            Self::AsksOnly(why) => write!(f, "needs approval, but does not permit: {why}"),
            Self::Nothing(why) => write!(f, "does not apply: {why}"),
        }
    }
}

/// One limit for one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedLimit {
    /// Name of the limit.
    pub limit: Box<str>,
    /// Whom it is counted for; `None` where what is asked cannot be told.
    pub scope: Option<Scope>,
    /// Limit, used and asked, or what cannot be told.
    pub numbers: String,
    /// Whether it leaves room.
    pub fits: bool,
}

/// Decides, and tells everything that went into it.
#[must_use]
pub fn explain(set: &PolicySet, intent: &Intent, facts: &Facts<'_>) -> Explanation {
    let request = Request::new(set, intent, facts.principal, facts.wallet);
    let effects = request.subjects.iter();
    Explanation {
        decision: crate::decide(set, intent, facts),
        effects: effects.map(|one| effect(&request, one, facts)).collect(),
        limits: spending::tell(&request, facts),
    }
}

fn effect(request: &Request<'_>, subject: &Subject<'_>, facts: &Facts<'_>) -> ExplainedEffect {
    let rules = request.set.rules.iter().map(|rule| ExplainedRule {
        rule: rule.name().into(),
        says: saying(rule, request, subject, facts),
    });
    ExplainedEffect {
        what: request.describe(subject),
        action: subject.action,
        primary: subject.primary,
        rules: rules.collect(),
    }
}

fn saying(rule: &Rule, request: &Request<'_>, subject: &Subject<'_>, facts: &Facts<'_>) -> Saying {
    let points = judge::amounts(&request.set.rules, subject);
    let permits = judge::permits(rule, request, subject, facts)
        .and_then(|()| {
            points
                .iter()
                .rev()
                .try_for_each(|at| judge::permits_amount(rule, subject, at))
        })
        .map_err(|miss| miss.sentence(request.set));
    match &rule.then {
        Then::Deny if judge::denies(rule, request, subject, facts) => Saying::Denies,
        Then::Deny => {
            let touches = judge::touches(rule, request, subject, facts);
            let why = touches.map_or_else(
                |miss| miss.sentence(request.set),
                |()| "it is not over over_amount".into(),
            );
            Saying::Nothing(why)
        }
        Then::Allow => permits.map_or_else(Saying::Nothing, |()| Saying::Permits),
        Then::Approve(_) => {
            let asks = judge::touches(rule, request, subject, facts).is_ok()
                && points.iter().any(|at| rule.when.amount.demand(subject, at));
            match (asks, permits) {
                (true, Ok(())) => Saying::Asks,
                (true, Err(why)) => Saying::AsksOnly(why),
                (false, Err(why)) => Saying::Nothing(why),
                (false, Ok(())) => Saying::Nothing("it is about other amounts".to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests;
