//! Changes that need people: what each route answers with.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::convert;
use super::error::ApiError;
use super::extract::Peer;
use crate::app::App;
use crate::governance::change::What;
use crate::governance::{self, Poster};

/// Records a change that waits for people, and answers 202.
pub(super) async fn propose(app: &App, peer: &Peer, what: What) -> Result<Response, ApiError> {
    let proposal = governance::propose(app, &poster(peer), what).await?;
    let body = convert::pending_change(proposal);
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// Who hands something in.
pub(super) fn poster(peer: &Peer) -> Poster<'_> {
    Poster::of(&peer.0)
}
