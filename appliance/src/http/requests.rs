//! `/v1/requests`.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use countersign_api::{Page, Request, RequestQuery};
use countersign_intent::{RequestId, Role, Span};
use countersign_store::{Decided, Store, StoredRequest};

use super::convert;
use super::error::ApiError;
use super::extract::{Path, Peer, Query};
use crate::app::App;
use crate::governance::change::{self, ChangeRecord, is_change};
use crate::governance::{Ask, ConsentRecord, load, tally};
use crate::records::Stored;

/// Longest wait of a long poll.
const LONGEST_WAIT: Span = Span::from_secs(60);

/// How often a long poll looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Starts the cursor of a page of changes.
const CHANGES: &str = "change-";

/// Sign requests first, the newest first; then changes, the oldest first. Changes that wait
/// stand at the beginning of a list of what is pending or approved.
pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let wanted = query.status.as_deref().map(wanted_state).transpose()?;
    let cursor = query.cursor.as_deref();
    let mut page = match cursor.and_then(|cursor| cursor.strip_prefix(CHANGES)) {
        Some(after) if peer.role() != Role::Bot => changes(&app, after, limit).await?,
        Some(_) | None => signs(&app, &peer, cursor, limit).await?,
    };
    let waiting = matches!(wanted, Some("pending" | "approved"));
    if waiting && cursor.is_none() && peer.role() != Role::Bot {
        let mut open = open_changes(&app).await?;
        open.append(&mut page.items);
        page.items = open;
    }
    page.items
        .retain(|request| wanted.is_none_or(|wanted| request.state == wanted));
    Ok(Json(page))
}

async fn signs(
    app: &App,
    peer: &Peer,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Request>, ApiError> {
    let before = match cursor {
        None => u64::MAX,
        Some(text) => text.parse().map_err(|_| no_cursor(text))?,
    };
    let principal = peer.principal().to_string();
    let own = (peer.role() == Role::Bot).then_some(principal.as_str());
    let newest = app.db.progress().await?.last_request;
    let before = before.min(newest.saturating_add(1));
    let rows = app.db.requests(own, before, limit).await?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next = match rows.last() {
        Some(last) if full => countersign_store::request_seq(last.request.id),
        // Fewer than asked for: the store has looked at this many numbers and no further.
        _ => before.saturating_sub(countersign_store::REQUEST_SCAN),
    };
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(of_sign(app, row, Detail::Summary).await?);
    }
    let next = match next {
        2.. => Some(next.to_string()),
        _ if own.is_none() => Some(format!("{CHANGES}0")),
        _ => None,
    };
    Ok(Page {
        items,
        next_cursor: next,
    })
}

async fn changes(app: &App, after: &str, limit: u32) -> Result<Page<Request>, ApiError> {
    let after: i64 = after.parse().map_err(|_| no_cursor(after))?;
    let rows = app
        .records
        .list::<ChangeRecord>(None, Some(after), limit)
        .await?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let last = rows.last().map(|row| format!("{CHANGES}{}", row.seq));
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(of_change(app, row, Detail::Summary).await?);
    }
    Ok(Page {
        items,
        next_cursor: last.filter(|_| full),
    })
}

async fn open_changes(app: &App) -> Result<Vec<Request>, ApiError> {
    let mut items = Vec::new();
    for id in app.open_changes.all() {
        if let Some(stored) = app.records.get::<ChangeRecord>(*id.as_bytes()).await? {
            items.push(of_change(app, &stored, Detail::Summary).await?);
        }
    }
    Ok(items)
}

fn no_cursor(text: &str) -> ApiError {
    ApiError::field(
        "cursor",
        format!("`{text}` is no `next_cursor` of a page before"),
    )
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
        let found = find(&app, &peer, id).await?;
        let request = found.ok_or_else(|| ApiError::not_found("request", &text))?;
        let undecided = matches!(request.state.as_str(), "pending" | "reserved");
        if !undecided || app.clock.monotonic() >= until {
            return Ok(Json(request));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// One request as the caller may see it.
pub(super) async fn find(
    app: &App,
    peer: &Peer,
    id: RequestId,
) -> Result<Option<Request>, ApiError> {
    if is_change(id) {
        if peer.role() == Role::Bot {
            return Ok(None);
        }
        let stored = app.records.get::<ChangeRecord>(*id.as_bytes()).await?;
        return match stored {
            Some(stored) => of_change(app, &stored, Detail::Whole).await.map(Some),
            None => Ok(None),
        };
    }
    let stored = app.db.request(id).await?;
    match stored.filter(|stored| visible(peer, stored)) {
        Some(stored) => of_sign(app, &stored, Detail::Whole).await.map(Some),
        None => Ok(None),
    }
}

fn visible(peer: &Peer, stored: &StoredRequest) -> bool {
    peer.role() != Role::Bot || stored.request.key.principal() == peer.principal().to_string()
}

/// How much is told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Summary,
    Whole,
}

async fn of_sign(app: &App, stored: &StoredRequest, detail: Detail) -> Result<Request, ApiError> {
    let mut request = convert::sign_request(stored);
    if stored.request.decided == Decided::Pending
        && let Some(ask) = load(app, stored.request.id).await?
    {
        tell(app, &mut request, &ask, detail).await?;
    }
    Ok(request)
}

async fn of_change(
    app: &App,
    stored: &Stored<ChangeRecord>,
    detail: Detail,
) -> Result<Request, ApiError> {
    let ask = change::ask(app, stored)?;
    let mut request = convert::change_request(&ask, stored);
    tell(app, &mut request, &ask, detail).await?;
    Ok(request)
}

async fn tell(app: &App, request: &mut Request, ask: &Ask, detail: Detail) -> Result<(), ApiError> {
    let consent = app.records.get::<ConsentRecord>(*ask.id.as_bytes()).await?;
    let consent = consent.map(|stored| stored.record).unwrap_or_default();
    let tally = tally(ask, &consent, &app.approvers.all(), &[], app.clock.now());
    convert::tell(request, ask, &consent, tally);
    if detail == Detail::Summary {
        request.asks = Vec::new();
        request.approvals = Vec::new();
        request.missing = Vec::new();
        request.text = None;
    }
    Ok(())
}
