//! One idempotency key, one effect: a retry is answered as the first time.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use countersign_api::ErrorCode;

use crate::app::App;
use crate::http::error::ApiError;
use crate::http::extract::Peer;
use crate::http::receive::read_limited;
use crate::http::replay::{Given, Known, fingerprint};

/// Answers a retry as the first time, and refuses another request under the same key.
pub(super) async fn once(
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
