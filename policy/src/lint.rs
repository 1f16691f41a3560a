//! What is likely to be a mistake in a policy that can be read.

mod losses;

use std::fmt;

use countersign_intent::{Action, Asset};

use crate::cover::{self, Placed};
use crate::limit::{Cap, Limit};
use crate::rule::{Actions, AnyOf, Rule, Then, When};
use crate::set::{LookupTables, PolicySet};
use crate::term;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// It does nothing, or not what it seems to do.
    Notice,
    /// It may lose money, or stop what should go on.
    Warning,
    /// Bots alone can lose all of it: value leaves without a bound that holds over time.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// The rule, limit or destination it is about, e.g. ``rule `dex-trades` ``.
    pub subject: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.severity, self.subject, self.message)
    }
}

/// Reads a policy over, as a careful colleague would.
#[must_use]
pub fn lint(set: &PolicySet) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    for rule in &set.rules {
        let subject = format!("rule `{}`", rule.name);
        findings.empty_lists(&subject, &rule.when);
        findings.programs(&subject, &rule.when);
        if rule.then != Then::Deny {
            term::lint(rule, &subject, &mut findings);
            findings.blind_cosigner(&subject, rule);
            losses::rule(&mut findings, set, &subject, rule);
            findings.shadow(set, &subject, rule);
        }
    }
    for limit in &set.limits {
        let subject = format!("limit `{}`", limit.name);
        findings.empty_lists(&subject, &limit.when);
        findings.programs(&subject, &limit.when);
        findings.limit(set, &subject, limit);
    }
    losses::costs(&mut findings, set);
    findings.names(set);
    if set.lookup_tables == LookupTables::Attested {
        findings.note(
            "`lookup_tables`",
            "what gateways and operators feed about lookup tables is believed: one that lies, \
             together with a bot, can have a trade's proceeds go elsewhere",
        );
    }
    findings.0
}

/// What was found so far.
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, subject: &str, message: impl Into<String>) {
        self.add(Severity::Error, subject, message.into());
    }

    pub(crate) fn warn(&mut self, subject: &str, message: impl Into<String>) {
        self.add(Severity::Warning, subject, message.into());
    }

    pub(crate) fn note(&mut self, subject: &str, message: impl Into<String>) {
        self.add(Severity::Notice, subject, message.into());
    }

    fn add(&mut self, severity: Severity, subject: &str, message: String) {
        self.0.push(Finding {
            severity,
            subject: subject.to_owned(),
            message,
        });
    }

    fn empty_lists(&mut self, subject: &str, when: &When) {
        for key in when.matching_nothing() {
            self.note(
                subject,
                format!("`{key}` is an empty list, which matches nothing"),
            );
        }
    }

    fn programs(&mut self, subject: &str, when: &When) {
        for (name, near) in when.program.unknown() {
            let meant = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            self.warn(
                subject,
                format!(
                    "no program that is understood is called `{name}`: this never matches{meant}"
                ),
            );
        }
    }

    fn blind_cosigner(&mut self, subject: &str, rule: &Rule) {
        if rule.then.is_cosigned() && rule.when.asset.0 != AnyOf::These(vec![Asset::SOL]) {
            self.warn(
                subject,
                "devices show a transfer of SOL, but of a token only a hash, or refuse it: the \
                 co-signer would sign blind, and only the approvals of the text protect; name \
                 `asset = \"SOL\"`, and leave tokens to a rule without `ledger_cosign`",
            );
        }
    }

    /// Permissions that other rules take away, or make unneeded.
    fn shadow(&mut self, set: &PolicySet, subject: &str, rule: &Rule) {
        let here = placed(set, &rule.when);
        for other in set.rules.iter().filter(|other| other.name != rule.name) {
            let name = &other.name;
            let there = placed(set, &other.when);
            match (&other.then, &rule.then) {
                (Then::Deny, _) if cover::touches_all(there, here) => {
                    self.note(
                        subject,
                        format!("it never permits anything: rule `{name}` denies it"),
                    );
                }
                (Then::Approve(_), Then::Allow) if cover::demands_all(there, here) => {
                    self.note(
                        subject,
                        format!("it never allows by itself: rule `{name}` asks for approval"),
                    );
                }
                (Then::Allow, Then::Allow) if cover::permits_all((set, other), (set, rule)) => {
                    self.note(subject, format!("rule `{name}` permits all of it already"));
                }
                _ => {}
            }
        }
    }

    fn limit(&mut self, set: &PolicySet, subject: &str, limit: &Limit) {
        let here = placed(set, &limit.when);
        let permitting = |rule: &&Rule| rule.then != Then::Deny;
        let mut rules = set.rules.iter().filter(permitting);
        // Fees and upkeep come with every permission.
        let upkeep = Actions::NONE
            .with(Action::Fee)
            .with(Action::Housekeeping)
            .with(Action::Authority);
        let reached = limit.when.action.meets(upkeep)
            || rules.any(|rule| !cover::apart(placed(set, &rule.when), here));
        if !reached {
            self.note(
                subject,
                "it never binds: no rule permits anything that it counts",
            );
        }
        let stricter = set.limits.iter().find(|other| {
            other.name != limit.name
                && other.per == limit.per
                && same_unit(other.cap, limit.cap)
                && other.window >= limit.window
                && other.cap.max() <= limit.cap.max()
                && cover::touches_all(placed(set, &other.when), here)
                // Of two alike, one is enough to speak of.
                && (other.cap.max() < limit.cap.max()
                    || other.window > limit.window
                    || other.name < limit.name)
        });
        if let Some(stricter) = stricter {
            let name = &stricter.name;
            self.note(
                subject,
                format!("it never binds: limit `{name}` is stricter"),
            );
        }
        if matches!(limit.cap, Cap::MicroUsd(_)) {
            self.prices(set, subject, limit);
        }
    }

    fn prices(&mut self, set: &PolicySet, subject: &str, limit: &Limit) {
        let priced = |asset: Asset| {
            set.asset(asset)
                .is_some_and(|asset| asset.price_max_age.is_some())
        };
        let missing = match &limit.when.asset.0 {
            AnyOf::These(assets) => !assets.iter().all(|asset| priced(*asset)),
            AnyOf::Any => !set.assets.iter().any(|asset| asset.price_max_age.is_some()),
        };
        if missing {
            self.warn(
                subject,
                "it needs a reference price that the policy does not declare, so it denies; add \
                 `reference_price_usd` to [assets.NAME]",
            );
        }
    }

    fn names(&mut self, set: &PolicySet) {
        if !set.can_be_loosened() {
            let missing = match set.group("change") {
                None => "no group `change` is declared",
                Some(_) => "the group `change` has no `quorum`",
            };
            self.warn(
                "policy",
                format!(
                    "nobody can ever loosen this: {missing}, so once it decides it can only be \
                     tightened; declare [groups.change] with `approvers`, `quorum` and `delay`"
                ),
            );
        }
        for destination in &set.destinations {
            let subject = format!("destination `{}`", destination.name);
            if destination.accounts().next().is_none() {
                self.note(&subject, "it has no address, so nothing can go there");
            }
        }
    }
}

const fn placed<'a>(set: &'a PolicySet, when: &'a When) -> Placed<'a> {
    Placed { set, when }
}

fn same_unit(a: Cap, b: Cap) -> bool {
    match (a, b) {
        (Cap::Amount { asset: a, .. }, Cap::Amount { asset: b, .. }) => a == b,
        (Cap::MicroUsd(_), Cap::MicroUsd(_)) | (Cap::Count(_), Cap::Count(_)) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
