//! `/v1/requests`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use countersign_api::{Page, Request, RequestQuery};
use countersign_intent::{RequestId, Role, Span};
use countersign_store::{Decided, OutcomeKind, Store, StoredRequest};

use super::convert;
use super::error::ApiError;
use super::extract::{Path, Peer, Query};
use crate::app::App;
use crate::sign::{Answer, answer_of, base58};

/// Longest wait of a long poll.
const LONGEST_WAIT: Span = Span::from_secs(60);

/// How often a long poll looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let before = match query.cursor.as_deref() {
        None => u64::MAX,
        Some(text) => text.parse().map_err(|_| {
            ApiError::field(
                "cursor",
                format!("`{text}` is no `next_cursor` of a page before"),
            )
        })?,
    };
    let principal = peer.principal().to_string();
    let own = (peer.role() == Role::Bot).then_some(principal.as_str());
    let newest = app.db.progress().await?.last_request;
    let before = before.min(newest.saturating_add(1));
    let wanted = query.status.as_deref().map(wanted_state).transpose()?;
    let rows = app.db.requests(own, before, limit).await?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next = match rows.last() {
        Some(last) if full => countersign_store::request_seq(last.request.id),
        // Fewer than asked for: the store has looked at this many numbers and no further.
        _ => before.saturating_sub(countersign_store::REQUEST_SCAN),
    };
    Ok(Json(Page {
        items: rows
            .iter()
            .map(wire)
            .filter(|request| wanted.is_none_or(|wanted| request.state == wanted))
            .collect(),
        next_cursor: (next > 1).then(|| next.to_string()),
    }))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Request>, ApiError> {
    let id: RequestId = convert::id("id", &text)?;
    let wait = match query.wait.as_deref() {
        None => Span::ZERO,
        Some(text) => convert::span("wait", text)?.min(LONGEST_WAIT),
    };
    let until = app.clock.monotonic() + Duration::from_micros(wait.micros());
    loop {
        let stored = app.db.request(id).await?;
        let stored = stored
            .filter(|stored| visible(&peer, stored))
            .ok_or_else(|| ApiError::not_found("request", &text))?;
        if decided(&stored) || app.clock.monotonic() >= until {
            return Ok(Json(wire(&stored)));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// States that a list can be narrowed to. Fewer come back than were asked for: the page is
/// narrowed after it was read.
const STATES: [&str; 11] = [
    "reserved", "signed", "denied", "released", "unknown", "pending", "approved", "rejected",
    "expired", "consumed", "done",
];

fn wanted_state(text: &str) -> Result<&'static str, ApiError> {
    let known = STATES.into_iter().find(|state| *state == text);
    known.ok_or_else(|| {
        let detail = format!("expected one of {}, got `{text}`", STATES.join(", "));
        ApiError::field("status", detail)
    })
}

fn visible(peer: &Peer, stored: &StoredRequest) -> bool {
    peer.role() != Role::Bot || stored.request.key.principal() == peer.principal().to_string()
}

fn decided(stored: &StoredRequest) -> bool {
    match stored.request.decided {
        Decided::Denied => true,
        Decided::Allowed => stored.outcome.is_some(),
        Decided::Pending => false,
    }
}

fn state(stored: &StoredRequest) -> &'static str {
    match (stored.request.decided, stored.outcome.as_ref()) {
        (Decided::Denied, _) => "denied",
        (Decided::Pending, _) => "pending",
        (Decided::Allowed, None) => "reserved",
        (Decided::Allowed, Some(outcome)) => match outcome.kind {
            OutcomeKind::Signed => "signed",
            OutcomeKind::Refused | OutcomeKind::NotSent => "released",
            OutcomeKind::Unknown => "unknown",
        },
    }
}

fn wire(stored: &StoredRequest) -> Request {
    let request = &stored.request;
    let signature = stored
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.signature);
    Request {
        id: request.id.to_string(),
        kind: "sign".to_owned(),
        principal: request.key.principal().to_owned(),
        wallet_id: Some(request.wallet.to_string()),
        created_at: request.at.to_string(),
        state: state(stored).to_owned(),
        log_index: request.log_index,
        answer: match answer_of(stored) {
            Answer::Done(body) | Answer::Pending(body) => serde_json::to_value(body),
            Answer::Problem(problem) => serde_json::to_value(problem),
        }
        .unwrap_or_default(),
        signature: signature.map(|signature| base58(&signature)),
        asks: Vec::new(),
        approvals: Vec::new(),
        rejection: None,
        missing: Vec::new(),
        text: None,
        result: None,
    }
}
