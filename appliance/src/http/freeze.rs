//! `/v1/freeze`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Freeze, FreezeState};
use countersign_audit::Kind as EntryKind;

use super::convert;
use super::error::ApiError;
use super::extract::{Body, Peer};
use crate::app::App;
use crate::freezes::{FreezeRecord, InForce};
use crate::records::{Draft, RecordsError};

/// Holds from here on, recorded or not: freezing works when the HSM or the database does not.
pub(super) async fn freeze(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<Freeze>,
) -> Result<Json<FreezeState>, ApiError> {
    convert::optional_text("reason", body.reason.as_deref(), 256)?;
    let record = FreezeRecord {
        scope: convert::scope(body.scope)?,
        by: peer.principal().to_string(),
        reason: body.reason,
        since: app.clock.now().micros(),
        lifted_at: None,
    };
    app.freezes.hold(record.clone(), false);
    metrics::counter!("countersign_freezes_total").increment(1);
    let recorded = match write(&app, &peer, &record).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(%error, "a freeze holds but is not recorded; freeze again");
            false
        }
    };
    app.freezes.hold(record.clone(), recorded);
    Ok(Json(convert::freeze(&InForce { record, recorded })))
}

async fn write(app: &App, peer: &Peer, record: &FreezeRecord) -> Result<(), RecordsError> {
    let id = record.scope.row_id();
    let draft = match app.records.get::<FreezeRecord>(id).await? {
        Some(mut stored) => {
            stored.record = record.clone();
            Draft::update(&stored)?
        }
        None => Draft::new(id, record)?,
    };
    let entry = app
        .journal
        .entry(EntryKind::Freeze, peer.actor(), None, record)?;
    app.records.commit(vec![draft], vec![entry]).await.map(drop)
}
