//! `/v1/registrations`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use countersign_api::{ErrorCode, Page, Registered as Wire, Registration, RegistrationQuery};
use countersign_audit::Kind as EntryKind;
use countersign_intent::{Address, RegistrationId, WalletId};
use serde_json::json;

use super::changes::propose;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Dated, Part, Shown, narrowed};
use super::{convert, wallets};
use crate::app::App;
use crate::governance::also;
use crate::governance::change::What;
use crate::records::{Draft, RecordsError, Stored};
use crate::registrations::{Registered, RegistrationRecord};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<RegistrationQuery>,
) -> Result<Json<Page<Registration>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let status = query.status.as_deref().unwrap_or("active");
    let status = convert::word("status", &["active", "removed", "any"], status)?;
    let kind = query.kind.as_deref();
    let kind = kind
        .map(|text| convert::word("kind", &KINDS, text))
        .transpose()?;
    let wallet = query.wallet_id.as_deref();
    let wallet: Option<WalletId> = wallet.map(|id| convert::id("wallet_id", id)).transpose()?;
    let show = |row: &Stored<RegistrationRecord>| {
        let state = row.record.removed_at.map_or("active", |_| "removed");
        let matches = (status == "any" || status == state)
            && kind.is_none_or(|kind| kind == row.record.registered.kind());
        matches.then(|| convert::registration(row))
    };
    let since = convert::since(query.since.as_deref(), app.clock.now())?;
    let parent = wallet.map(|wallet| *wallet.as_bytes());
    let wanted = Shown { show, since };
    Ok(Json(narrowed(&app.records, parent, part, &wanted).await?))
}

/// What can be registered.
const KINDS: [&str; 4] = ["token_account", "nonce_account", "market", "tip_account"];

impl Dated for RegistrationRecord {
    fn made_at(&self) -> i64 {
        self.registered_at
    }
}

/// Governed: a registration lets more be understood, and so more be signed.
pub(super) async fn add(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<Wire>,
) -> Result<Response, ApiError> {
    let owner = match &body {
        Wire::TokenAccount { wallet_id, .. } | Wire::NonceAccount { wallet_id, .. } => {
            Some(owner(&app, &peer, wallet_id).await?)
        }
        Wire::Market { .. } | Wire::TipAccount { .. } => None,
    };
    let registered = convert::registered(body, owner)?;
    let registry = app.registrations.current();
    if registry.holds(registered.address()) {
        let detail = format!(
            "`{}` is registered already; remove that registration first",
            registered.address()
        );
        return Err(ApiError::new(ErrorCode::AlreadyDecided, detail));
    }
    registry
        .room_for(&registered)
        .map_err(|why| ApiError::field("kind", why))?;
    let active = app.policies.active();
    let set = active.as_ref().map(|policy| &policy.set);
    let also = also::of_registration(&app.governance, set, &registered).await?;
    let also = also.map_err(|why| ApiError::field(field_of(&registered), why))?;
    propose(&app, &peer, What::RegistrationAdd { registered, also }).await
}

const fn field_of(registered: &Registered) -> &'static str {
    match registered {
        Registered::Market { .. } => "market",
        Registered::TokenAccount { .. }
        | Registered::NonceAccount { .. }
        | Registered::TipAccount { .. } => "account",
    }
}

/// Holds at once: what was registered is not understood any more.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<StatusCode, ApiError> {
    let id: RegistrationId = convert::id("id", &text)?;
    let mut turn = app.records.turn().await;
    let stored = app
        .records
        .get::<RegistrationRecord>(*id.as_bytes())
        .await?;
    let Some(mut stored) = stored else {
        return Err(ApiError::not_found("registration", &text));
    };
    if stored.record.removed_at.is_none() {
        stored.record.removed_at = Some(app.clock.now().micros());
        let detail = json!({ "removed": stored.record });
        let entry = app
            .journal
            .entry(
                EntryKind::RegistrationChanged,
                peer.actor(),
                Some(id.to_string()),
                &detail,
            )
            .map_err(RecordsError::from)?;
        turn.commit(vec![Draft::update(&stored)?], vec![entry])
            .await?;
        app.registrations.load(&app.records).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The address of a wallet that exists.
async fn owner(app: &App, peer: &Peer, wallet: &str) -> Result<Address, ApiError> {
    let stored = wallets::find(app, peer, wallet).await?;
    convert::id("wallet_id", &stored.record.address)
}
