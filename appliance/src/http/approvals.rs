//! `/v1/requests/{id}/approval-text`, `/approvals` and `/reject`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{ApprovalText, ApprovalTextQuery, Approve, Reject, Request};
use countersign_intent::RequestId;

use super::changes::poster;
use super::error::ApiError;
use super::extract::{Body, OptionalBody, Path, Peer, Query};
use super::{convert, requests};
use crate::app::App;
use crate::governance::{self, apply};

/// Characters of a reason at most.
const LONGEST_REASON: usize = 256;

pub(super) async fn text(
    State(app): State<Arc<App>>,
    _: Peer,
    Path(text): Path,
    Query(query): Query<ApprovalTextQuery>,
) -> Result<Json<ApprovalText>, ApiError> {
    let id: RequestId = convert::id("id", &text)?;
    let given = governance::to_sign(&app.governance, id, &query.approver_id).await?;
    Ok(Json(convert::approval_text(id, given)))
}

pub(super) async fn approve(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Body(body): Body<Approve>,
) -> Result<Json<Request>, ApiError> {
    let id: RequestId = convert::id("id", &text)?;
    let poster = poster(&peer);
    let (approver, scheme) = (&body.approver_id, &body.scheme);
    governance::approve(
        &app.governance,
        &poster,
        id,
        approver,
        scheme,
        &body.signature,
    )
    .await?;
    if governance::change::is_change(id)
        && let Err(error) = apply::apply(&app.governance, id).await
    {
        // It is looked at again and again until it lapses.
        tracing::error!(%error, request = %id, "a change did not take effect");
    }
    told(&app, &peer, id, &text).await
}

pub(super) async fn reject(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    OptionalBody(body): OptionalBody<Reject>,
) -> Result<Json<Request>, ApiError> {
    let id: RequestId = convert::id("id", &text)?;
    convert::optional_text("reason", body.reason.as_deref(), LONGEST_REASON)?;
    let poster = poster(&peer);
    governance::reject(
        &app.governance,
        &poster,
        id,
        body.approver_id.as_deref(),
        body.reason,
    )
    .await?;
    told(&app, &peer, id, &text).await
}

async fn told(
    app: &App,
    peer: &Peer,
    id: RequestId,
    text: &str,
) -> Result<Json<Request>, ApiError> {
    let found = requests::find(app, peer, id).await?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::not_found("request", text))
}
