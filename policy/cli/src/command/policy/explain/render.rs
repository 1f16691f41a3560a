use countersign_intent::Span;
use countersign_policy::rule::Requirement;
use countersign_policy::{Decision, ExplainedEffect, ExplainedLimit, Explanation};
use serde_json::{Value, json};

use crate::output::Output;

/// Writes the decision, then everything that went into it.
pub(super) fn show(explained: &Explanation, out: &mut Output) {
    decision(&explained.decision, out);
    for effect in &explained.effects {
        out.line("");
        let need = if effect.primary {
            ""
        } else {
            " (needs no rule of its own)"
        };
        out.line(format!("{}{need}", effect.what));
        for rule in &effect.rules {
            let says = format!("`{}` {}", rule.rule, rule.says);
            out.sentence("  rule ", 4, &says);
        }
    }
    if !explained.limits.is_empty() {
        out.line("");
    }
    for limit in &explained.limits {
        out.sentence("", 2, &line(limit));
    }
}

fn line(limit: &ExplainedLimit) -> String {
    let room = if limit.fits { "fits" } else { "EXCEEDED" };
    let scope = limit.scope.as_ref();
    let scope = scope.map_or_else(String::new, |scope| format!(" for {scope}"));
    format!("limit `{}` {room}{scope}: {}", limit.limit, limit.numbers)
}

fn decision(decision: &Decision, out: &mut Output) {
    match decision {
        Decision::Allow(permit) => {
            let rules: Vec<&str> = permit.rules().collect();
            out.line(format!("allowed by {}", rules.join(", ")));
        }
        Decision::Deny(denial) => {
            out.line(format!("denied (`{}`)", denial.code().as_str()));
            for reason in &denial.reasons {
                out.sentence("- ", 2, &reason.to_string());
            }
            if let Some(at) = denial.retry_after() {
                out.line(format!("can succeed from {at} on"));
            }
        }
        Decision::NeedApproval(ask) => {
            out.line("needs approval");
            for one in &ask.requirements {
                out.line(format!("- {}", requirement(one)));
            }
        }
    }
}

fn requirement(one: &Requirement) -> String {
    let lock = if one.time_lock == Span::ZERO {
        String::new()
    } else {
        format!(", not before {} have passed", one.time_lock)
    };
    let cosign = if one.ledger_cosign {
        ", and a device's signature in the transaction"
    } else {
        ""
    };
    format!(
        "`{}`: {} of group `{}` within {}{lock}{cosign}",
        one.rule, one.quorum, one.group, one.expires
    )
}

/// The same as JSON.
pub(super) fn value(explained: &Explanation) -> Value {
    let mut value = decision_value(&explained.decision);
    if let Some(object) = value.as_object_mut() {
        let effects: Vec<Value> = explained.effects.iter().map(effect_value).collect();
        let limits: Vec<Value> = explained.limits.iter().map(limit_value).collect();
        object.insert("effects".to_owned(), Value::Array(effects));
        object.insert("limits".to_owned(), Value::Array(limits));
    }
    value
}

fn decision_value(decision: &Decision) -> Value {
    match decision {
        Decision::Allow(permit) => json!({
            "decision": "allow",
            "rules": permit.rules().collect::<Vec<_>>(),
        }),
        Decision::Deny(denial) => json!({
            "decision": "deny",
            "code": denial.code().as_str(),
            "retry_after": denial.retry_after().map(|at| at.to_string()),
            "reasons": denial.reasons.iter().map(|reason| json!({
                "code": reason.code.as_str(),
                "rule": reason.rule,
                "effect": reason.effect,
                "message": reason.message,
                "retry_after": reason.retry_after.map(|at| at.to_string()),
            })).collect::<Vec<_>>(),
        }),
        Decision::NeedApproval(ask) => json!({
            "decision": "approval_required",
            "requirements": ask.requirements.iter().map(|one| json!({
                "rule": one.rule,
                "group": one.group,
                "quorum": one.quorum,
                "time_lock": one.time_lock.to_string(),
                "expires": one.expires.to_string(),
                "ledger_cosign": one.ledger_cosign,
            })).collect::<Vec<_>>(),
        }),
    }
}

fn effect_value(effect: &ExplainedEffect) -> Value {
    let rules = effect
        .rules
        .iter()
        .map(|rule| json!({ "rule": rule.rule, "says": rule.says.to_string() }));
    json!({
        "action": effect.action.as_str(),
        "what": effect.what,
        "primary": effect.primary,
        "rules": rules.collect::<Vec<_>>(),
    })
}

fn limit_value(limit: &ExplainedLimit) -> Value {
    json!({
        "limit": limit.limit,
        "scope": limit.scope.as_ref().map(ToString::to_string),
        "fits": limit.fits,
        "numbers": limit.numbers,
    })
}
