//! Changes that need people: what each route answers with.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_api::{PendingChange, PolicyFinding};

use super::convert;
use super::error::ApiError;
use super::extract::Peer;
use crate::app::App;
use crate::governance::change::What;
use crate::governance::{self, Poster};
use crate::rehearsal;

/// Records a change that waits for people, and answers 202.
pub(super) async fn propose(app: &App, peer: &Peer, what: What) -> Result<Response, ApiError> {
    propose_with(app, peer, what, Vec::new()).await
}

/// The same for a policy, with what is likely to be a mistake in it.
pub(super) async fn propose_with(
    app: &App,
    peer: &Peer,
    what: What,
    findings: Vec<PolicyFinding>,
) -> Result<Response, ApiError> {
    let proposal = governance::propose(&app.governance, &poster(peer), what).await?;
    let body = PendingChange {
        findings,
        ..convert::pending_change(proposal)
    };
    if rehearsal::is_on() {
        rehearsal::asks(serde_json::to_value(&body).unwrap_or_default());
    }
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// Who hands something in.
pub(super) fn poster(peer: &Peer) -> Poster<'_> {
    Poster::of(&peer.0)
}
