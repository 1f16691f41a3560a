//! `?dry_run=true` on routes that change something: what would happen, decided by the very handler.

use axum::Json;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_api::{Decision, Rehearsed, RehearsedEntry};
use serde_json::Value;

use crate::rehearsal::{Plan, Planned, Rehearsal};

/// Tries a call: its own errors, or what it would bring about.
pub(super) async fn rehearse(request: Request, next: Next) -> Response {
    let rehearsal = Rehearsal::default();
    let answer = rehearsal.of(next.run(request)).await;
    match rehearsal.plan() {
        Some(plan) => Json(rehearsed(plan)).into_response(),
        None if answer.status().is_success() => {
            Json(rehearsed(Plan::Done(Vec::new()))).into_response()
        }
        None => answer,
    }
}

fn rehearsed(plan: Plan) -> Rehearsed {
    let (decision, entries, change) = match plan {
        Plan::Done(entries) => (Decision::Allow, entries, None),
        Plan::Asked(asked) => (
            Decision::ApprovalRequired,
            Vec::new(),
            Some(unrecorded(asked)),
        ),
    };
    Rehearsed {
        dry_run: true,
        decision,
        entries: entries.into_iter().map(entry).collect(),
        change,
    }
}

fn entry(planned: Planned) -> RehearsedEntry {
    RehearsedEntry {
        kind: planned.kind,
        subject: planned.subject,
        detail: planned.detail,
    }
}

/// Without what only a change that was recorded has.
fn unrecorded(mut asked: Value) -> Value {
    if let Some(asked) = asked.as_object_mut() {
        asked.remove("request_id");
        asked.remove("log_index");
    }
    asked
}
