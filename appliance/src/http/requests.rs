//! `/v1/requests`.

mod list;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use countersign_api::{Request, RequestQuery};
use countersign_intent::{RequestId, Role};
use countersign_store::{Decided, StoredRequest};

use super::convert;
use super::error::ApiError;
use super::extract::{Path, Peer, Query};
use super::feed;
use crate::app::App;
use crate::governance::change::{self, ChangeRecord, is_change};
use crate::governance::{Ask, ConsentRecord, load, tally};
use crate::records::Stored;

pub(super) use list::list;

/// How often a long poll looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn get(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Request>, ApiError> {
    let id: RequestId = convert::id("id", &text)?;
    only_wait(&query)?;
    let wait = feed::wait(query.wait.as_deref())?;
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

/// One request is not narrowed.
fn only_wait(query: &RequestQuery) -> Result<(), ApiError> {
    let RequestQuery {
        wait: _,
        after,
        status,
        kind,
        wallet_id,
        bot,
        since,
        cursor,
        limit,
    } = query;
    let given = [
        ("after", after.is_some()),
        ("status", status.is_some()),
        ("kind", kind.is_some()),
        ("wallet_id", wallet_id.is_some()),
        ("bot", bot.is_some()),
        ("since", since.is_some()),
        ("cursor", cursor.is_some()),
        ("limit", limit.is_some()),
    ];
    match given.into_iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((name, _)) => {
            let detail = "it narrows a list; of one request there is `wait` alone";
            Err(ApiError::field(name, detail))
        }
    }
}

/// One request as the caller may see it.
pub(super) async fn find(
    app: &App,
    peer: &Peer,
    id: RequestId,
) -> Result<Option<Request>, ApiError> {
    if is_change(id) {
        let stored = app.records.get::<ChangeRecord>(*id.as_bytes()).await?;
        return match stored.filter(|stored| sees(peer, &stored.record.asker)) {
            Some(stored) => of_change(app, &stored, Detail::Whole).await.map(Some),
            None => Ok(None),
        };
    }
    let stored = app.requests.one(id).await?;
    match stored.filter(|stored| sees(peer, stored.request.key.principal())) {
        Some(stored) => of_sign(app, &stored, Detail::Whole).await.map(Some),
        None => Ok(None),
    }
}

/// Operators and auditors see every request, others what they asked for themselves.
fn sees(peer: &Peer, asker: &str) -> bool {
    match peer.role() {
        Role::Operator | Role::Auditor => true,
        Role::Bot | Role::Gateway | Role::Risk => peer.principal().to_string() == asker,
    }
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
        && let Some(ask) = load(&app.governance, stored.request.id).await?
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
    let ask = change::ask(&app.governance, stored)?;
    let mut request = convert::change_request(&ask, stored);
    tell(app, &mut request, &ask, detail).await?;
    Ok(request)
}

async fn tell(app: &App, request: &mut Request, ask: &Ask, detail: Detail) -> Result<(), ApiError> {
    let consent = app.records.get::<ConsentRecord>(*ask.id.as_bytes()).await?;
    let consent = consent.map(|stored| stored.record).unwrap_or_default();
    let tally = tally(ask, &consent, &app.approvers.all(), &[], app.clock.now());
    convert::tell(request, ask, &consent, tally);
    if let Some(suspicion) = app.timekeeper.suspect()
        && matches!(request.state.as_str(), "pending" | "approved")
    {
        let why = format!("{suspicion}; it waits for `countersign clock confirm`");
        request.missing.push(why);
    }
    if detail == Detail::Summary {
        request.asks = Vec::new();
        request.approvals = Vec::new();
        request.missing = Vec::new();
        request.text = None;
    }
    Ok(())
}
