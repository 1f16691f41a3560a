//! `/v1/status` and `/openapi.json`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::Status;

use super::convert;
use super::error::ApiError;
use super::extract::Peer;
use crate::app::App;
use crate::governance::changeable;
use crate::policies::policy_hash;

pub(super) async fn openapi(_: Peer) -> Json<serde_json::Value> {
    Json(countersign_api::document())
}

/// When the caller's certificate ends because another one took its place.
fn ends_at(app: &App, peer: &Peer) -> Option<String> {
    let issued = app.register.get(&peer.0.serial())?;
    issued.ends_at.map(|ends_at| ends_at.to_string())
}

pub(super) async fn get(State(app): State<Arc<App>>, peer: Peer) -> Result<Json<Status>, ApiError> {
    let rows = app.db.checkpoints(None, 1).await?;
    let phase = if app.freezes.everything() {
        "frozen"
    } else {
        app.phase.get().as_str()
    };
    let policy = app.policies.active();
    let mut warnings = changeable::warnings(&app.governance);
    warnings.extend(app.anchoring.warning());
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        phase: phase.to_owned(),
        checks: app.health.read(),
        clock: convert::clock(&app.timekeeper.read()),
        freezes: app
            .freezes
            .in_force()
            .values()
            .map(convert::freeze)
            .collect(),
        log_size: app.ledger.head().borrow().size,
        checkpoint_size: rows.first().map_or(0, |row| row.size),
        policy_hash: policy.map(|policy| policy_hash(policy.set.text())),
        log_vkey: app.log_verifier.vkey(),
        you: peer.actor().name().to_owned(),
        certificate: Some(peer.certificate().to_owned()),
        certificate_ends_at: ends_at(&app, &peer),
        warnings,
    }))
}
