//! `/v1/clock/confirm`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{ClockState, ConfirmClock};
use countersign_intent::{Span, Timestamp};

use super::convert;
use super::error::ApiError;
use super::extract::{Body, Peer};
use crate::app::App;
use crate::clock;

/// How far the operator's own clock may be from the appliance's.
const NEAR: Span = Span::from_secs(60);

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<ConfirmClock>,
) -> Result<Json<ClockState>, ApiError> {
    if let Some(text) = body.time.as_deref() {
        let time = Timestamp::parse(text).map_err(|_| {
            ApiError::field("time", format!("expected a time in RFC 3339, got `{text}`"))
        })?;
        let clock = app.timekeeper.read().clock;
        if clock.since(time).max(time.since(clock)) > NEAR {
            let detail = format!(
                "it is `{text}` where you are, and {clock} by the clock of this machine; set that \
                 clock first"
            );
            return Err(ApiError::field("time", detail));
        }
    }
    let by = peer.principal().to_string();
    let reading = clock::confirm(&app.clock_watch, peer.actor(), &by).await?;
    Ok(Json(convert::clock(&reading)))
}
