//! `/v1/grants`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use countersign_api::{CreateGrant, Grant, Page, PageQuery};
use countersign_audit::Kind as EntryKind;
use countersign_intent::{GrantId, WalletId};

use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Narrow, narrowed};
use super::phase::require_phase;
use super::{convert, wallets};
use crate::app::App;
use crate::grants::GrantRecord;
use crate::phase::Activity;
use crate::records::{Draft, Record, RecordsError, Stored};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateGrant>,
) -> Result<Json<Grant>, ApiError> {
    require_phase(&app, Activity::Change)?;
    let bot = convert::bot_name("bot", &body.bot)?;
    convert::actions(body.actions.as_deref().unwrap_or_default())?;
    let wallet = wallets::find(&app, &peer, &body.wallet_id)
        .await?
        .wallet_id();
    let record = GrantRecord {
        bot,
        wallet: wallet.to_string(),
        actions: body.actions,
        created_at: app.clock.now().micros(),
        revoked_at: None,
    };
    let lookup = record.lookup().unwrap_or_default();
    let existing = app.records.find::<GrantRecord>(&lookup).await?;
    let stored = match existing {
        Some(stored) if stored.record.actions == record.actions => {
            return Ok(Json(convert::grant(&stored)));
        }
        Some(mut stored) => {
            stored.record.actions = record.actions;
            let draft = Draft::update(&stored)?;
            let written = write(&app, &peer, EntryKind::GrantCreated, &stored, draft).await;
            forget(&app, wallet, written)?;
            stored
        }
        None => {
            let id = app.desk.random_id().await?;
            let draft = Draft::new(id, &record)?;
            let stored = Stored { id, seq: 0, record };
            let written = write(&app, &peer, EntryKind::GrantCreated, &stored, draft).await;
            forget(&app, wallet, written)?;
            stored
        }
    };
    Ok(Json(convert::grant(&stored)))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Grant>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let after = convert::cursor(query.cursor.as_deref())?;
    let seen = Seen {
        app: &app,
        peer: &peer,
    };
    Ok(Json(
        narrowed(&app.records, None, after, limit, &seen).await?,
    ))
}

/// The grants in force, each as visible as its wallet is.
struct Seen<'a> {
    app: &'a App,
    peer: &'a Peer,
}

impl Narrow<GrantRecord> for Seen<'_> {
    type Shown = Grant;

    async fn show(&self, row: &Stored<GrantRecord>) -> Result<Option<Grant>, ApiError> {
        if row.record.revoked_at.is_some() {
            return Ok(None);
        }
        let wallet = wallets::find(self.app, self.peer, &row.record.wallet).await;
        Ok(wallet.is_ok().then(|| convert::grant(row)))
    }
}

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<StatusCode, ApiError> {
    require_phase(&app, Activity::Tighten)?;
    let id: GrantId = convert::id("id", &text)?;
    let Some(mut stored) = app.records.get::<GrantRecord>(*id.as_bytes()).await? else {
        return Err(ApiError::not_found("grant", &text));
    };
    // The grant is as visible as its wallet is.
    wallets::find(&app, &peer, &stored.record.wallet)
        .await
        .map_err(|_| ApiError::not_found("grant", &text))?;
    if stored.record.revoked_at.is_none() {
        stored.record.revoked_at = Some(app.clock.now().micros());
        let draft = Draft::update(&stored)?;
        let wallet: WalletId = convert::id("wallet_id", &stored.record.wallet)?;
        let written = write(&app, &peer, EntryKind::GrantRevoked, &stored, draft).await;
        forget(&app, wallet, written)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// The sign path reads the wallet's grants again, whatever is said of the commit: it may have been
/// done.
fn forget(app: &App, wallet: WalletId, written: Result<(), ApiError>) -> Result<(), ApiError> {
    app.directory.forget(wallet);
    written
}

async fn write(
    app: &App,
    peer: &Peer,
    kind: EntryKind,
    stored: &Stored<GrantRecord>,
    draft: Draft,
) -> Result<(), ApiError> {
    let subject = Some(GrantId::from_bytes(stored.id).to_string());
    let entry = app
        .journal
        .entry(kind, peer.actor(), subject, &stored.record)
        .map_err(RecordsError::from)?;
    app.records.commit(vec![draft], vec![entry]).await?;
    Ok(())
}
