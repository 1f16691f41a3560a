//! What the table says of a route, enforced before and around its handler: who may call it and when,
//! what a request has to have, whose turn it is, the second factor, one effect for a key, and which
//! answers may leave.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_api::{ErrorCode, Idempotency, Route, Stops};
use countersign_audit::{Detail, Entry, Kind as EntryKind};
use countersign_intent::{Role, Span};
use tokio::sync::OwnedSemaphorePermit;

use super::once::once;
use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::{Peer, idempotency_key};
use crate::http::phase::require_phase;
use crate::http::receive::{Room, receive, spend};
use crate::http::{convert, dry_run, pace, second_factor, strict};
use crate::journal::stamp;
use crate::shares::Acting;

/// A request that has what its route asks for.
struct Asked {
    request: Request,
    dry_run: bool,
}

pub(super) async fn guard(
    route: &'static Route,
    app: Arc<App>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Response {
    metrics::counter!("countersign_requests_total", "route" => route.path).increment(1);
    let answer = admitted(route, app, peer, request, next).await;
    let answer = answer.unwrap_or_else(IntoResponse::into_response);
    note_undeclared(route, &answer);
    answer
}

/// Says so where an answer leaves that the table does not have: clients are made from the table.
fn note_undeclared(route: &Route, answer: &Response) {
    let status = answer.status();
    let declared = match answer.extensions().get::<ErrorCode>() {
        Some(code) => route.can_answer(status.as_u16(), *code),
        None => route.succeeds_with(status.as_u16()),
    };
    if !declared {
        tracing::error!(
            route = route.operation,
            %status,
            "an answer that the table of routes does not have; please report it"
        );
    }
}

async fn admitted(
    route: &'static Route,
    app: Arc<App>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let role = convert::role(peer.role());
    // Before anything is kept or logged: who may not call this fills no memory and no log by trying.
    if !route.permits(role) {
        let _forbidden_all_the_same = spend(request, app.config.listen.max_body).await;
        return Err(forbidden(route, peer.role()));
    }
    let received = received(&app, request).await;
    let asked = match received.and_then(|request| checked(route, request)) {
        Ok(asked) => asked,
        Err(error) => {
            let answer = error.into_response();
            if route.is_judged() {
                return Ok(unread(&app, &peer, answer).await);
            }
            return Ok(answer);
        }
    };
    let _room = Room::of(&asked.request);
    if !route.acts() {
        return Ok(next.run(asked.request).await);
    }
    let only_tries = route.only_rehearses(role);
    if only_tries && !asked.dry_run {
        return Err(only_to_be_tried(peer.role()));
    }
    // A bot's requests for signatures are refused, and recorded, where they are judged.
    let judged = route.is_judged() && !only_tries;
    if let Some(freeze) = app.freezes.of_principal(peer.principal())
        && !judged
        && !route.free_when_frozen
    {
        return Err(ApiError::new(ErrorCode::Frozen, freeze).titled("you are frozen"));
    }
    require_phase(&app, route.activity)?;
    // The sign walk is a task of its own already; what holds at once waits for no place and is
    // finished by itself, never turned away because something else is slow.
    if judged || route.stops == Stops::AtOnce {
        return act(route, app, peer, asked, next).await;
    }
    match turn(route, &app, &peer).await {
        Ok(place) => finished(place, act(route, app, peer, asked, next)).await,
        Err(refusal) => Ok(refusal),
    }
}

/// A change under way.
struct Place {
    _own: Acting,
    _of_others: Option<OwnedSemaphorePermit>,
}

/// Waits for a place for a change: at the principal's pace, in the principal's line, and, but for
/// those who stop others, among as many as there may be of all.
async fn turn(route: &Route, app: &App, peer: &Peer) -> Result<Place, Response> {
    let who = peer.principal();
    let stops = matches!(peer.role(), Role::Operator | Role::Risk);
    if !(stops && route.stops != Stops::No) {
        pace::CHANGES.charge(app, who).await?;
    }
    let Some(own) = app.changing.enter(who).await else {
        let detail = "too many changes of yours are under way; try again in a moment";
        let wait = Span::from_secs(1);
        return Err(pace::again(app, "share.changing", detail.to_owned(), wait));
    };
    if stops {
        return Ok(Place {
            _own: own,
            _of_others: None,
        });
    }
    match Arc::clone(&app.changing_of_others).try_acquire_owned() {
        Ok(place) => Ok(Place {
            _own: own,
            _of_others: Some(place),
        }),
        Err(_) => Err(ApiError::new(
            ErrorCode::NotReady,
            "too many changes are under way; try again in a moment",
        )
        .into_response()),
    }
}

/// Does all of it, whether or not the client waits: a change that was dropped between its commit and
/// what follows from it in memory would leave the two apart. Who hangs up gives no place free.
async fn finished<F>(place: Place, acting: F) -> Result<Response, ApiError>
where
    F: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    let acting = async move {
        let _place = place;
        acting.await
    };
    tokio::spawn(acting).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request broke off");
        Err(ApiError::new(
            ErrorCode::NotReady,
            "the request broke off; look at what became of it, then ask again",
        ))
    })
}

async fn act(
    route: &'static Route,
    app: Arc<App>,
    peer: Peer,
    asked: Asked,
    next: Next,
) -> Result<Response, ApiError> {
    let Asked { request, dry_run } = asked;
    // Also where the client hung up.
    let _room = Room::of(&request);
    if route.is_judged() {
        let answer = next.run(request).await;
        return Ok(unread(&app, &peer, answer).await);
    }
    if dry_run {
        return Ok(dry_run::rehearse(request, next).await);
    }
    second_factor::require(&app, &peer, route, request.headers()).await?;
    match (route.idempotency, idempotency_key(request.headers())?) {
        (Idempotency::Kept, Some(key)) => once(&app, &peer, &key, request, next).await,
        _ => Ok(next.run(request).await),
    }
}

/// The answer to a sign request. One that could not even be read is logged, at the pace of its
/// principal; every other has its entry from the ledger.
async fn unread(app: &App, peer: &Peer, answer: Response) -> Response {
    let code = match answer.status() {
        StatusCode::BAD_REQUEST => ErrorCode::InvalidRequest,
        StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
        _ => return answer,
    };
    if let Err(refusal) = pace::UNSIGNED.charge(app, peer.principal()).await {
        return refusal;
    }
    log_unread(app, peer, code).await;
    answer
}

async fn log_unread(app: &App, peer: &Peer, code: ErrorCode) {
    let now = stamp(app.journal.now());
    let entry = Entry::new(now, EntryKind::SignErrored, peer.actor(), Detail::default())
        .code(code.as_str())
        .encode();
    let logged = match entry {
        Ok(entry) => app.ledger.append(entry).await.map(drop),
        Err(error) => return tracing::error!(%error, "an unreadable request was not logged"),
    };
    if let Err(error) = logged {
        tracing::error!(%error, "an unreadable request was not logged");
    }
}

/// The request with its whole body. Answered before the body is there, a refusal would leave a
/// connection that looks kept alive and is closed at the next request.
async fn received(app: &App, request: Request) -> Result<http::Request<Bytes>, ApiError> {
    receive(request, app.config.listen.max_body).await
}

fn checked(route: &Route, request: http::Request<Bytes>) -> Result<Asked, ApiError> {
    let dry_run = strict::check(route, request.uri(), request.headers(), request.body())?;
    Ok(Asked {
        request: request.map(Body::from),
        dry_run,
    })
}

fn forbidden(route: &Route, role: Role) -> ApiError {
    let allowed = words(route.roles);
    let dry = match route.only_dry_run {
        [] => String::new(),
        some => format!(" ({}s for dry runs only)", words(some).join("s, ")),
    };
    let detail = format!(
        "role `{role}` may not call this; it is for {}{dry}",
        allowed.join(", ")
    );
    ApiError::new(ErrorCode::Forbidden, detail)
        .titled("not allowed for this role")
        .because("role")
}

fn words(roles: &[countersign_api::Role]) -> Vec<&'static str> {
    let domain = roles.iter().map(|role| convert::domain_role(*role));
    domain.map(Role::as_str).collect()
}

/// A caller that may only try this, and did not say that it does.
fn only_to_be_tried(role: Role) -> ApiError {
    let detail = format!(
        "only a bot may ask for a signature; a caller of role `{role}` may ask with `?dry_run=true`"
    );
    ApiError::new(ErrorCode::Forbidden, detail)
        .titled("not allowed for this role")
        .because("role")
}
