//! The API's routes. A route is mounted only as the table in `countersign-api` has it, with the
//! roles that the table names; everything else is a problem too.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, on};
use countersign_api::Method::{Delete, Get, Patch, Post};
use countersign_api::{ErrorCode, Method, Route};
use countersign_audit::{Detail, Entry, Kind as EntryKind};
use countersign_intent::{Role, Span};
use tokio::sync::OwnedSemaphorePermit;

use super::error::ApiError;
use super::extract::{Peer, idempotency_key};
use super::foreign::{self, OwnNames};
use super::receive::{Room, read_limited, receive, spend};
use super::replay::{Given, Known, fingerprint};
use super::{
    approvals, approvers, audit, clock, dry_run, freeze, grants, limits, messages, nonces, pace,
    pki, policies, prices, registrations, requests, second_factor, sign, status, strict, tables,
    users, venues, wallets,
};
use crate::app::App;
use crate::journal::stamp;
use crate::shares::Acting;

/// Every API route.
pub fn api(app: Arc<App>) -> Router {
    let mount = Mount(Router::new(), Arc::clone(&app));
    let names = OwnNames::of(&app.config.listen);
    running(deciding(asking(owning(mount))))
        .0
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(names, foreign::keep_out))
        .with_state(app)
}

fn owning(mount: Mount) -> Mount {
    mount
        .at(Post, "/v1/users", users::create)
        .at(Get, "/v1/users", users::list)
        .at(Get, "/v1/users/{id}", users::get)
        .at(Get, "/v1/venues", venues::list)
        .at(Get, "/v1/venues/{slug}", venues::get)
        .at(Post, "/v1/venues", venues::create)
        .at(Patch, "/v1/venues/{slug}", venues::patch)
        .at(Delete, "/v1/venues/{slug}", venues::remove)
        .at(Post, "/v1/wallets", wallets::create)
        .at(Get, "/v1/wallets", wallets::list)
        .at(Post, "/v1/wallets/import", wallets::import::import)
        .at(Get, "/v1/wallets/import-key", wallets::import::key)
        .at(Get, "/v1/wallets/{id}", wallets::get)
        .at(Patch, "/v1/wallets/{id}", wallets::patch)
        .at(Patch, "/v1/wallets/{id}/managed", wallets::manage)
        .at(Post, "/v1/wallets/{id}/pause", wallets::pause)
        .at(Post, "/v1/wallets/{id}/resume", wallets::resume)
        .at(Post, "/v1/wallets/{id}/archive", wallets::archive)
        .at(Post, "/v1/wallets/{id}/rotate", wallets::rotate::rotate)
        .at(Post, "/v1/wallets/{id}/verify", wallets::verify::verify)
        .at(Post, "/v1/grants", grants::create)
        .at(Get, "/v1/grants", grants::list)
        .at(Delete, "/v1/grants/{id}", grants::revoke)
}

fn asking(mount: Mount) -> Mount {
    mount
        .at(Post, "/v1/sign/solana", sign::solana)
        .at(Post, "/v1/sign/solana/batch", sign::batch)
        .at(Get, "/v1/requests", requests::list)
        .at(Get, "/v1/requests/messages", messages::list)
        .at(Get, "/v1/requests/{id}", requests::get)
        .at(Get, "/v1/requests/{id}/approval-text", approvals::text)
        .at(Post, "/v1/requests/{id}/approvals", approvals::approve)
        .at(Post, "/v1/requests/{id}/reject", approvals::reject)
        .at(Get, "/v1/approvers", approvers::list)
        .at(Post, "/v1/approvers", approvers::enrol)
        .at(
            Get,
            "/v1/approvers/enrolment-text",
            approvers::enrolment_text,
        )
        .at(Delete, "/v1/approvers/{id}", approvers::remove)
}

fn deciding(mount: Mount) -> Mount {
    mount
        .at(Get, "/v1/policies", policies::list)
        .at(Post, "/v1/policies", policies::propose)
        .at(Get, "/v1/policies/active", policies::active)
        .at(Get, "/v1/policies/{id}", policies::get)
        .at(Get, "/v1/limits", limits::list)
        .at(Post, "/v1/prices", prices::set)
        .at(Get, "/v1/prices", prices::list)
        .at(Get, "/v1/nonces", nonces::list)
        .at(Post, "/v1/nonces/{account}", nonces::observe)
        .at(Get, "/v1/tables", tables::list)
        .at(Post, "/v1/tables", tables::feed)
        .at(Get, "/v1/tables/{address}", tables::get)
        .at(Delete, "/v1/tables/{address}", tables::remove)
        .at(Get, "/v1/registrations", registrations::list)
        .at(Post, "/v1/registrations", registrations::add)
        .at(Delete, "/v1/registrations/{id}", registrations::remove)
}

fn running(mount: Mount) -> Mount {
    mount
        .at(Get, "/openapi.json", status::openapi)
        .at(Get, "/v1/status", status::get)
        .at(Post, "/v1/clock/confirm", clock::confirm)
        .at(Post, "/v1/second-factor", second_factor::enrol)
        .at(Post, "/v1/second-factor/reset", second_factor::reset)
        .at(Post, "/v1/freeze", freeze::freeze)
        .at(Post, "/v1/unfreeze", freeze::unfreeze)
        .at(Get, "/v1/audit/entries", audit::entries)
        .at(Get, "/v1/audit/checkpoint", audit::checkpoint)
        .at(Get, "/v1/audit/checkpoints", audit::checkpoints)
        .at(Get, "/v1/audit/proof", audit::proof)
        .at(Get, "/v1/pki/certificates", pki::list)
        .at(Post, "/v1/pki/certificates", pki::issue)
        .at(Delete, "/v1/pki/certificates/{id}", pki::revoke)
        .at(Post, "/v1/pki/renew", pki::renew)
        .at(Get, "/v1/pki/principals", pki::blocked)
        .at(Delete, "/v1/pki/principals/{role}/{name}", pki::block)
        .at(
            Post,
            "/v1/pki/principals/{role}/{name}/unblock",
            pki::unblock,
        )
}

struct Mount(Router<Arc<App>>, Arc<App>);

impl Mount {
    fn at<H, T>(self, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>>,
        T: 'static,
    {
        // A route that is not in the table is not mounted; a test holds the two together.
        let Some(route) = Route::find(method, path) else {
            return self;
        };
        let handler: MethodRouter<Arc<App>> = on(filter(method), handler);
        let guarded = handler.layer(middleware::from_fn_with_state(
            Arc::clone(&self.1),
            move |state: State<Arc<App>>, peer, request, next| {
                guard(route, state.0, peer, request, next)
            },
        ));
        Self(self.0.route(path, guarded), self.1)
    }
}

const fn filter(method: Method) -> axum::routing::MethodFilter {
    use axum::routing::MethodFilter;
    match method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    }
}

async fn guard(
    route: &'static Route,
    app: Arc<App>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    metrics::counter!("countersign_requests_total", "route" => route.path).increment(1);
    // Before anything is kept or logged: who may not call this fills no memory and no log by trying.
    if !route.permits(super::convert::role(peer.role())) {
        let _forbidden_all_the_same = spend(request, app.config.listen.max_body).await;
        return Err(forbidden(route, peer.role()));
    }
    let received = received(&app, request).await;
    let request = match received.and_then(|request| checked(route, request)) {
        Ok(request) => request,
        Err(error) => {
            let answer = error.into_response();
            if signs(route) {
                return Ok(unread(&app, &peer, answer).await);
            }
            return Ok(answer);
        }
    };
    let _room = Room::of(&request);
    if route.method == Method::Get {
        return Ok(next.run(request).await);
    }
    // A bot's requests for signatures are refused, and recorded, where they are judged.
    let judged = signs(route) && peer.role() == Role::Bot;
    if let Some(freeze) = app.freezes.of_principal(peer.principal())
        && !judged
        && !route.is_free_when_frozen()
    {
        return Err(ApiError::new(ErrorCode::Frozen, freeze).titled("you are frozen"));
    }
    // The sign walk is a task of its own already.
    if signs(route) && peer.role() == Role::Bot {
        return act(route, app, peer, request, next).await;
    }
    // What holds at once waits for no place; it is finished by itself.
    if always(route) {
        return act(route, app, peer, request, next).await;
    }
    match turn(route, &app, &peer).await {
        Ok(place) => finished(place, act(route, app, peer, request, next)).await,
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
    if !(stops && route.only_refuses()) {
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

/// What holds at once, recorded or not: it is never turned away because something else is slow.
fn always(route: &Route) -> bool {
    matches!(
        (route.method, route.path),
        (Method::Post, "/v1/freeze")
            | (
                Method::Delete,
                "/v1/pki/certificates/{id}" | "/v1/pki/principals/{role}/{name}"
            )
    )
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
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    // Also where the client hung up.
    let _room = Room::of(&request);
    if signs(route) {
        let answer = next.run(request).await;
        return Ok(unread(&app, &peer, answer).await);
    }
    if dry_run::wanted(request.uri())? {
        return Ok(dry_run::rehearse(request, next).await);
    }
    second_factor::require(&app, &peer, route, request.headers()).await?;
    // A secret that is shown once is not kept to be shown again.
    if route.path == "/v1/second-factor" {
        return Ok(next.run(request).await);
    }
    match idempotency_key(request.headers())? {
        Some(key) => once(&app, &peer, &key, request, next).await,
        None => Ok(next.run(request).await),
    }
}

/// Signing has its own memory of keys: the ledger.
fn signs(route: &Route) -> bool {
    route.path.starts_with("/v1/sign/")
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

fn checked(route: &Route, request: http::Request<Bytes>) -> Result<Request, ApiError> {
    strict::check(route, request.uri(), request.headers(), request.body())?;
    Ok(request.map(Body::from))
}

/// Answers a retry as the first time, and refuses another request under the same key.
async fn once(
    app: &App,
    peer: &Peer,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let limit = app.config.listen.max_body;
    let (parts, body) = request.into_parts();
    let body = read_limited(body, limit).await?;
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let print = fingerprint(parts.method.as_str(), target, &body);
    let principal = peer.principal().to_string();
    let _turn = app.replays.turn(&principal, key).await;
    match app.replays.find(&principal, key, &print) {
        Known::New => {}
        Known::Given(given) => return Ok(given.again()),
        Known::Conflict => {
            let detail = format!(
                "the idempotency key `{key}` was used with other content; use a new key for a \
                 new request"
            );
            return Err(ApiError::new(ErrorCode::IdempotencyConflict, detail));
        }
    }
    let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
    // Nothing was done, so the key is free for the request as it should have been.
    if !answer.status().is_success() {
        return Ok(answer);
    }
    let (parts, body) = answer.into_parts();
    let body = read_limited(body, usize::MAX).await?;
    let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
    let given = Given::new(print, parts.status, content_type, body);
    let answer = given.again();
    app.replays.keep(&principal, key, given);
    Ok(answer)
}

fn forbidden(route: &Route, role: Role) -> ApiError {
    let allowed: Vec<&str> = route
        .roles
        .iter()
        .map(|role| super::convert::domain_role(*role).as_str())
        .collect();
    let dry = match signs(route) && route.permits(countersign_api::Role::Operator) {
        true => " (operators for dry runs only)",
        false => "",
    };
    let detail = format!(
        "role `{role}` may not call this; it is for {}{dry}",
        allowed.join(", ")
    );
    ApiError::new(ErrorCode::Forbidden, detail)
        .titled("not allowed for this role")
        .because("role")
}

async fn no_such_route(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let detail = format!(
        "there is no route `{}`; see /openapi.json",
        request.uri().path()
    );
    spend(request, app.config.listen.max_body).await?;
    Err(ApiError::new(ErrorCode::NotFound, detail))
}

async fn no_such_method(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, ApiError> {
    let (method, path) = (request.method(), request.uri().path());
    let detail = format!("`{path}` has no `{method}`; see /openapi.json");
    spend(request, app.config.listen.max_body).await?;
    let mut error = ApiError::new(ErrorCode::InvalidRequest, detail);
    error.0.status = axum::http::StatusCode::METHOD_NOT_ALLOWED.as_u16();
    Err(error)
}

#[cfg(test)]
mod tests {
    use countersign_api::ROUTES;

    use super::*;

    #[test]
    fn inv11_what_holds_at_once_needs_no_place() {
        let waits = ROUTES.iter().filter(|route| !always(route)).count();
        assert_eq!(waits + 3, ROUTES.len(), "a route was renamed");
    }
}
