//! `/v1/users`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{CreateUser, Page, User, UserQuery};
use countersign_intent::{Role, Timestamp, UserId};

use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Dated, Narrow, Part, is_before, narrowed};
use crate::app::App;
use crate::records::Stored;
use crate::users::{UserRecord, ensure};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateUser>,
) -> Result<Json<User>, ApiError> {
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
    Query(query): Query<UserQuery>,
) -> Result<Json<Page<User>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let wanted = Wanted {
        peer: &peer,
        since: convert::since(query.since.as_deref(), app.clock.now())?,
        query,
    };
    Ok(Json(narrowed(&app.records, None, part, &wanted).await?))
}

/// The users that a caller sees and wants.
struct Wanted<'a> {
    peer: &'a Peer,
    since: Option<Timestamp>,
    query: UserQuery,
}

impl Dated for UserRecord {
    fn made_at(&self) -> i64 {
        self.created_at
    }
}

impl Narrow<UserRecord> for Wanted<'_> {
    type Shown = User;

    async fn show(&self, row: &Stored<UserRecord>) -> Result<Option<User>, ApiError> {
        let (query, user) = (&self.query, &row.record);
        let named = query.external_id.as_ref();
        let matches = named.is_none_or(|id| *id == user.external_id)
            && (query.tier.is_none() || query.tier == user.tier);
        Ok((matches && visible(self.peer, row)).then(|| convert::user(row)))
    }

    fn ends(&self, row: &Stored<UserRecord>) -> bool {
        is_before(row, self.since)
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
