//! What a case expects, and how a decision differs from it.

use super::{Field, Section, Timestamp, Undecodable};
use crate::decision::{Ask, Decision, Denial, Permit};
use crate::set::PolicySet;

/// The expected decision.
#[derive(Debug, Clone)]
pub(super) enum Expected {
    Allow {
        /// Exactly these rules permit it, where given.
        rules: Option<Vec<String>>,
        /// Exactly these limits are debited, as `name amount` in what the limit counts.
        reserves: Option<Vec<String>>,
    },
    Deny {
        /// Each is contained in some reason.
        reasons: Vec<String>,
        /// The code of the whole, where given.
        code: Option<String>,
        retry_after: Option<Timestamp>,
    },
    /// Refused by the decoder, before any policy.
    Undecodable {
        kind: String,
        /// Each is contained in the refusal.
        reasons: Vec<String>,
    },
    Approve {
        /// Exactly these are asked for, as `quorum of group`.
        requirements: Vec<String>,
        /// Each is contained in some sentence about what approvals lack.
        unmet: Vec<String>,
    },
}

pub(super) fn read(section: Section<'_>) -> Option<Expected> {
    let expected = match section.need("decision")?.text()? {
        "allow" => Some(Expected::Allow {
            rules: strings(&section, "rules"),
            reserves: strings(&section, "reserves"),
        }),
        "undecodable" => {
            let kind = section.need("kind").and_then(|field| field.text());
            Some(Expected::Undecodable {
                kind: kind?.to_owned(),
                reasons: needed(&section, "reasons"),
            })
        }
        "deny" => Some(Expected::Deny {
            reasons: needed(&section, "reasons"),
            code: section
                .get("code")
                .and_then(|field| field.text())
                .map(str::to_owned),
            retry_after: section
                .get("retry_after")
                .and_then(|field| field.parse(Timestamp::parse)),
        }),
        "approve" => Some(Expected::Approve {
            requirements: needed(&section, "requirements"),
            unmet: strings(&section, "unmet").unwrap_or_default(),
        }),
        other => {
            section.fail(format!(
                "expected decision allow, deny, approve or undecodable, got `{other}`"
            ));
            None
        }
    };
    section.finish();
    expected
}

fn strings(section: &Section<'_>, key: &'static str) -> Option<Vec<String>> {
    let items = section.get(key)?.array()?;
    let text = |field: &Field<'_>| field.text().map(str::to_owned);
    Some(items.iter().filter_map(text).collect())
}

/// A list that has to be there, or a case would expect too little.
fn needed(section: &Section<'_>, key: &'static str) -> Vec<String> {
    let list = strings(section, key).unwrap_or_default();
    if list.is_empty() {
        section.fail(format!("`{key}` is missing or empty"));
    }
    list
}

impl Expected {
    pub(super) fn compare(&self, set: &PolicySet, decision: &Decision) -> Vec<String> {
        match (self, decision) {
            (Self::Allow { rules, reserves }, Decision::Allow(permit)) => {
                allowed(set, permit, rules.as_deref(), reserves.as_deref())
            }
            (
                Self::Deny {
                    reasons,
                    code,
                    retry_after,
                },
                Decision::Deny(denial),
            ) => denied(denial, reasons, code.as_deref(), *retry_after),
            (
                Self::Approve {
                    requirements,
                    unmet,
                },
                Decision::NeedApproval(ask),
            ) => asked(ask, requirements, unmet),
            (_, decision) => vec![format!("expected {}, got {}", self.word(), got(decision))],
        }
    }

    pub(super) fn compare_refusal(&self, refusal: &Undecodable) -> Vec<String> {
        let Self::Undecodable { kind, reasons } = self else {
            let (kind, why) = (&refusal.kind, &refusal.message);
            return vec![format!(
                "expected {}, got undecodable ({kind}): {why}",
                self.word()
            )];
        };
        let mut differences = missing("reason", reasons, &[&refusal.message]);
        if *kind != refusal.kind {
            differences.push(format!("expected kind {kind}, got {}", refusal.kind));
        }
        differences
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Allow { .. } => "allow",
            Self::Deny { .. } => "deny",
            Self::Undecodable { .. } => "undecodable",
            Self::Approve { .. } => "approve",
        }
    }
}

fn got(decision: &Decision) -> String {
    match decision {
        Decision::Allow(permit) => {
            let rules: Vec<&str> = permit.rules().collect();
            format!("allow by {}", rules.join(", "))
        }
        Decision::Deny(denial) => {
            let reasons: Vec<&str> = denial.reasons.iter().map(|one| &*one.message).collect();
            format!("deny: {}", reasons.join("; "))
        }
        Decision::NeedApproval(ask) => format!("approve: {}", requirements(ask).join(", ")),
    }
}

fn requirements(ask: &Ask) -> Vec<String> {
    let words = ask.requirements.iter();
    words
        .map(|one| format!("{} of {}", one.quorum, one.group))
        .collect()
}

fn allowed(
    set: &PolicySet,
    permit: &Permit,
    rules: Option<&[String]>,
    reserves: Option<&[String]>,
) -> Vec<String> {
    let by: Vec<String> = permit.rules().map(str::to_owned).collect();
    let name = |id: &[u8; 16]| {
        let limit = set.limits().iter().find(|limit| limit.id() == id);
        limit.map_or("?", |limit| limit.name())
    };
    let parts = permit.reservations().iter();
    let debited: Vec<String> = parts
        .map(|part| format!("{} {}", name(part.key.limit()), part.amount))
        .collect();
    let mut differences = Vec::new();
    differences.extend(unequal("rules", rules, by));
    differences.extend(unequal("reservations", reserves, debited));
    differences
}

/// Compares lists whose order means nothing.
fn unequal(what: &str, expected: Option<&[String]>, mut got: Vec<String>) -> Option<String> {
    let mut expected = expected?.to_vec();
    expected.sort();
    got.sort();
    (expected != got).then(|| format!("expected {what} {expected:?}, got {got:?}"))
}

fn denied(
    denial: &Denial,
    reasons: &[String],
    code: Option<&str>,
    retry_after: Option<Timestamp>,
) -> Vec<String> {
    let messages: Vec<&str> = denial.reasons.iter().map(|one| &*one.message).collect();
    let mut differences = missing("reason", reasons, &messages);
    if let Some(code) = code.filter(|code| *code != denial.code().as_str()) {
        differences.push(format!(
            "expected code {code}, got {}",
            denial.code().as_str()
        ));
    }
    if retry_after.is_some() && denial.retry_after() != retry_after {
        let show = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.to_string());
        let (expected, got) = (show(retry_after), show(denial.retry_after()));
        differences.push(format!("expected retry after {expected}, got {got}"));
    }
    differences
}

fn missing(what: &str, expected: &[String], got: &[&str]) -> Vec<String> {
    let lacks = |one: &&String| !got.iter().any(|message| message.contains(one.as_str()));
    expected
        .iter()
        .filter(lacks)
        .map(|one| format!("expected a {what} with `{one}`, got: {}", got.join("; ")))
        .collect()
}

fn asked(ask: &Ask, expected: &[String], unmet: &[String]) -> Vec<String> {
    let got: Vec<&str> = ask.unmet.iter().map(String::as_str).collect();
    let mut differences = missing("lack", unmet, &got);
    differences.extend(unequal("requirements", Some(expected), requirements(ask)));
    differences
}
