//! A recorded request and why it was decided so, for people and as JSON.

use countersign_api::Request;
use countersign_policy::Decision;
use serde_json::{Value, json};

use super::recorded::{Reading, Told, Version};
use super::render;
use crate::command::requests;
use crate::output::Output;

/// What turns on the keeping of messages.
const KEEP: &str = "its message was not kept, so no rule and no limit can be looked at again: \
                    `store.keep_messages = \"90d\"` in the appliance's configuration keeps those of \
                    requests to come";

/// As JSON.
pub(super) fn value(stored: &Value, request: &Request, told: &Told) -> Value {
    json!({
        "request": stored,
        "policy": told.under.as_ref().map(summary),
        "then": reading_value(&told.then),
        "now": told.now.as_ref().map(|(version, at, reading)| json!({
            "policy": summary(version),
            "at": at.to_string(),
            "would_be": reading_value(reading),
        })),
        "notes": notes(request, told),
    })
}

/// For people: what was answered, then why, then what would be answered now.
pub(super) fn show(request: &Request, told: &Told, out: &mut Output) {
    requests::show::show(request, out);
    out.line("");
    match &told.under {
        None => out.line("decided while no policy was active"),
        Some(version) => out.line(format!("decided under {}", words(version))),
    }
    show_reading(&told.then, out);
    if let Some((version, at, reading)) = &told.now {
        out.line("");
        out.line(format!("asked again at {at}, under {}:", words(version)));
        show_reading(reading, out);
    } else if told.under.is_some() {
        out.line("");
        out.line("that policy still decides");
    }
    for note in notes(request, told) {
        out.line("");
        out.sentence("note: ", 2, &note);
    }
}

fn show_reading(reading: &Reading, out: &mut Output) {
    match reading {
        Reading::Explained(explained) => render::show(explained, out),
        Reading::NotUnderstood(why) => out.sentence("never signed: ", 2, why),
        Reading::Nothing | Reading::Altered => {}
    }
}

fn reading_value(reading: &Reading) -> Option<Value> {
    match reading {
        Reading::Explained(explained) => Some(render::value(explained)),
        Reading::NotUnderstood(why) => Some(json!({
            "decision": "deny", "code": "undecodable", "reasons": [{ "message": why }],
        })),
        Reading::Nothing | Reading::Altered => None,
    }
}

/// What is missing, and what is of today.
fn notes(request: &Request, told: &Told) -> Vec<String> {
    let mut notes = Vec::new();
    match &told.then {
        Reading::Altered => notes.push(
            "its message has another digest than the log says: somebody changed the database"
                .to_owned(),
        ),
        Reading::Nothing if told.under.is_some() => notes.push(KEEP.to_owned()),
        Reading::Nothing => {}
        Reading::Explained(_) | Reading::NotUnderstood(_) => {
            notes.extend(otherwise(request, &told.then));
            notes.push(
                "wallets' own limits, users' tiers and registrations are those of today, and \
                 cool-downs of destinations are taken to be over"
                    .to_owned(),
            );
        }
    }
    if told.uncounted > 0 {
        notes.push(format!(
            "{} requests before it were allowed and their messages are gone, so what limits had used \
             up is too little; `store.keep_messages` says how long they are kept",
            told.uncounted
        ));
    }
    notes
}

/// Whether what is explained here is another decision than the one that was answered.
fn otherwise(request: &Request, then: &Reading) -> Option<String> {
    let again = match then {
        Reading::Explained(explained) => word(&explained.decision),
        Reading::NotUnderstood(_) => "deny",
        Reading::Nothing | Reading::Altered => return None,
    };
    let answered = match request.answer.get("decision").and_then(Value::as_str) {
        Some(decision) => decision.to_owned(),
        // A problem.
        None => "deny".to_owned(),
    };
    (again != answered).then(|| {
        format!(
            "it was answered `{answered}`, and looked at again it is `{again}`: a freeze, a grant, a \
             wallet's own limit, a registration, a price or a cool-down was another then; the answer \
             above says which reasons counted"
        )
    })
}

const fn word(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow(_) => "allow",
        Decision::Deny(_) => "deny",
        Decision::NeedApproval(_) => "approval_required",
    }
}

fn words(version: &Version) -> String {
    let summary = &version.summary;
    format!(
        "version {} of the policy (`{}`)",
        summary.version, summary.name
    )
}

fn summary(version: &Version) -> Value {
    let summary = &version.summary;
    json!({
        "version": summary.version, "id": summary.id, "name": summary.name, "hash": summary.hash,
    })
}
