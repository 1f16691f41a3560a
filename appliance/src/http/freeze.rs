//! `/v1/freeze`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use countersign_api::{Freeze, FreezeState, Unfreeze};
use countersign_audit::Kind as EntryKind;

use super::changes::propose;
use super::convert;
use super::error::ApiError;
use super::extract::{Body, Peer};
use super::names;
use crate::app::App;
use crate::changeable::CONSEQUENCE;
use crate::freezes::{FreezeRecord, InForce};
use crate::governance::change::What;
use crate::governance::changeable;
use crate::records::RecordsError;
use crate::rehearsal;

/// What somebody has to know who could think that the freeze outlives everything.
const UNRECORDED: &str = "this freeze holds now, and a restart before it is recorded ends it: do not restart \
     the appliance until `countersign status` shows it with `recorded: true` (it is tried again by itself), \
     and freeze again if it was restarted";

/// Holds from here on, recorded or not: freezing works when the HSM or the database does not.
pub(super) async fn freeze(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<Freeze>,
) -> Result<Json<FreezeState>, ApiError> {
    convert::optional_text("reason", body.reason.as_deref(), 256)?;
    let record = FreezeRecord {
        scope: convert::scope(body.scope, body.id)?,
        by: peer.principal().to_string(),
        certificate: Some(peer.certificate().to_owned()),
        reason: body.reason,
        since: app.clock.now().micros(),
        lifted_at: None,
        first: None,
    };
    if rehearsal::is_on() {
        let entry = app
            .journal
            .entry(EntryKind::Freeze, peer.actor(), None, &record)
            .map_err(RecordsError::from)?;
        rehearsal::stop(&[entry])?;
    }
    let record = app.freezes.stop(&record);
    metrics::counter!("countersign_freezes_total").increment(1);
    let recorded = app.freeze_recorder.record(peer.actor(), &record).await;
    let active = app.policies.active();
    let never = changeable::of_now(&app.governance, active.as_ref().map(|policy| &policy.set));
    let never = never.map(|why| format!("{why}; {}", CONSEQUENCE));
    // It holds, whatever is found: what was meant may be signing on under another name.
    let unknown = names::unknown(&app, &record.scope).await;
    let unrecorded = (!recorded).then(|| UNRECORDED.to_owned());
    let warnings = unrecorded.into_iter().chain(unknown).chain(never);
    let warnings: Vec<String> = warnings.collect();
    Ok(Json(FreezeState {
        warning: (!warnings.is_empty()).then(|| warnings.join("; ")),
        ..convert::freeze(&InForce { record, recorded })
    }))
}

/// Governed: people agree to it on their devices. The freeze that is in force now is meant; one
/// put in force later stays.
pub(super) async fn unfreeze(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<Unfreeze>,
) -> Result<Response, ApiError> {
    convert::optional_text("reason", body.reason.as_deref(), 256)?;
    let scope = convert::scope(body.scope, body.id)?;
    let in_force = app.freezes.in_force();
    let freeze = in_force
        .get(&scope)
        .ok_or_else(|| ApiError::not_found("freeze in force of", &scope.to_string()))?;
    let what = What::Unfreeze {
        scope,
        since: freeze.record.since,
        reason: body.reason,
    };
    propose(&app, &peer, what).await
}
