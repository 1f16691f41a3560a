//! `/v1/users`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{CreateUser, Page, PageQuery, User};
use countersign_intent::{Role, UserId};

use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Narrow, narrowed};
use super::phase::require_phase;
use crate::app::App;
use crate::phase::Activity;
use crate::records::Stored;
use crate::users::{UserRecord, ensure};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateUser>,
) -> Result<Json<User>, ApiError> {
    require_phase(&app, Activity::Change)?;
    convert::text("external_id", &body.external_id, 128)?;
    convert::optional_text("display_name", body.display_name.as_deref(), 128)?;
    convert::optional_text("tier", body.tier.as_deref(), 32)?;
    let record = UserRecord {
        gateway: peer.principal().name().to_owned(),
        external_id: body.external_id,
        display_name: body.display_name,
        tier: body.tier,
        created_at: app.clock.now().micros(),
    };
    let id = UserId::from_bytes(app.desk.random_id().await?);
    let stored = ensure(&app.records, &app.journal, id, &record, peer.actor()).await?;
    Ok(Json(convert::user(&stored)))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<User>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let after = convert::cursor(query.cursor.as_deref())?;
    Ok(Json(
        narrowed(&app.records, None, after, limit, &Seen(&peer)).await?,
    ))
}

/// The users that a caller sees.
struct Seen<'a>(&'a Peer);

impl Narrow<UserRecord> for Seen<'_> {
    type Shown = User;

    async fn show(&self, row: &Stored<UserRecord>) -> Result<Option<User>, ApiError> {
        Ok(visible(self.0, row).then(|| convert::user(row)))
    }
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<User>, ApiError> {
    let id: UserId = convert::id("id", &text)?;
    let stored = app.records.get::<UserRecord>(*id.as_bytes()).await?;
    stored
        .filter(|user| visible(&peer, user))
        .map(|user| Json(convert::user(&user)))
        .ok_or_else(|| ApiError::not_found("user", &text))
}

/// A gateway sees the users it created.
pub(super) fn visible(peer: &Peer, user: &Stored<UserRecord>) -> bool {
    match peer.role() {
        Role::Gateway => user.record.gateway == peer.principal().name(),
        Role::Operator | Role::Auditor => true,
        Role::Bot | Role::Risk => false,
    }
}
