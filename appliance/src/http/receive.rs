//! Requests as they come in: whole, as far as there is room for them, or not at all.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, header};
use countersign_api::ErrorCode;

use super::error::ApiError;
use super::serve::{Allowance, BodyError, Held, NoRoom, Overrun, read_body, spend_body};

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(20);

/// The room that a request takes; whoever works on it keeps this as long.
#[derive(Debug, Clone)]
pub(super) struct Room(#[expect(dead_code, reason = "held, not read")] Arc<Held>);

impl Room {
    /// That of a request that was received.
    #[must_use]
    pub(super) fn of(request: &Request) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }
}

/// Reads a body of at most `limit` bytes that is in memory already.
///
/// # Errors
/// A larger body, or one that does not end.
pub(super) async fn read_limited(body: axum::body::Body, limit: usize) -> Result<Bytes, ApiError> {
    read_body(
        body,
        limit,
        BODY_TIME,
        Overrun::Leave,
        &mut Held::uncounted(),
    )
    .await
    .map_err(|error| refused_body(&error, limit))
}

/// The same for what a client sends: one that sends too much is let finish, within bounds, because
/// many read their answer only then.
///
/// # Errors
/// As [`read_limited`]; no room.
pub(super) async fn receive(
    request: Request,
    limit: usize,
) -> Result<http::Request<Bytes>, ApiError> {
    let (mut parts, body) = request.into_parts();
    let mut held = begin(&parts.headers, &parts.extensions)?;
    let overrun = overrun(&parts.headers);
    let body = read_body(body, limit, BODY_TIME, overrun, &mut held).await;
    let body = body.map_err(|error| refused_body(&error, limit))?;
    parts.extensions.insert(Room(Arc::new(held)));
    Ok(http::Request::from_parts(parts, body))
}

/// Lets a client finish whose request is refused whatever its body says, and keeps nothing of it.
///
/// # Errors
/// A body larger than `limit`; no room even for the headers.
pub(super) async fn spend(request: Request, limit: usize) -> Result<(), ApiError> {
    let (parts, body) = request.into_parts();
    let _held = begin(&parts.headers, &parts.extensions)?;
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let sent = match overrun(&parts.headers) {
        Overrun::Discard => spend_body(body).await,
        Overrun::Leave => 0,
    };
    if announced.max(sent) > limit {
        return Err(refused_body(&BodyError::TooLarge { most: limit }, limit));
    }
    Ok(())
}

fn begin(headers: &HeaderMap, extensions: &Extensions) -> Result<Held, ApiError> {
    let Some(allowance) = extensions.get::<Allowance>() else {
        return Ok(Held::uncounted());
    };
    allowance.begin(headers).map_err(no_room)
}

/// Who asked whether to send at all is told no.
fn overrun(headers: &HeaderMap) -> Overrun {
    if headers.contains_key(header::EXPECT) {
        Overrun::Leave
    } else {
        Overrun::Discard
    }
}

fn refused_body(error: &BodyError, limit: usize) -> ApiError {
    match error {
        BodyError::TooLarge { .. } => ApiError::new(
            ErrorCode::TooLarge,
            format!("the body is larger than {limit} bytes; send less at once"),
        ),
        BodyError::NoRoom(none) => no_room(*none),
        BodyError::TooSlow { .. } | BodyError::Broken => {
            ApiError::new(ErrorCode::InvalidRequest, error.to_string())
        }
    }
}

fn no_room(none: NoRoom) -> ApiError {
    let detail = match none {
        NoRoom::OfClient { most } => format!(
            "your requests under way would take more than {most} bytes, which is the most of one \
             principal; nothing was done: wait for some to be answered, then send this again"
        ),
        NoRoom::OfAll { most } => format!(
            "the requests under way of all principals would take more than {most} bytes; nothing \
             was done: send this again in a moment"
        ),
    };
    ApiError::new(ErrorCode::NotReady, detail)
}
