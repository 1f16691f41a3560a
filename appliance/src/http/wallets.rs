//! `/v1/wallets`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{
    CreateWallet, ManageWallet, Page, PatchWallet, Wallet, WalletQuery, WalletStatus,
};
use countersign_audit::Kind as EntryKind;
use countersign_intent::{Role, UserId, Venue, WalletId};
use serde_json::{Map, json};

use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::phase::require_phase;
use super::users;
use crate::app::App;
use crate::grants::GrantRecord;
use crate::phase::Activity;
use crate::records::{Draft, Record, Stored};
use crate::users::UserRecord;
use crate::wallets::limits::{self, Owner};
use crate::wallets::{NewWallet, Status, WalletRecord, ensure};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateWallet>,
) -> Result<Json<Wallet>, ApiError> {
    require_phase(&app, Activity::Change)?;
    let user: UserId = convert::id("user_id", &body.user_id)?;
    if Venue::by_slug(&body.venue).is_none() {
        let detail = format!("there is no venue `{}`; see /v1/venues", body.venue);
        return Err(ApiError::field("venue", detail));
    }
    let environment = body.environment.unwrap_or_else(|| "mainnet".to_owned());
    if !matches!(environment.as_str(), "mainnet" | "testnet") {
        let detail = format!("expected `mainnet` or `testnet`, got `{environment}`");
        return Err(ApiError::field("environment", detail));
    }
    convert::optional_text("name", body.name.as_deref(), 128)?;
    let custody = match body.custody.as_deref() {
        Some(text) => convert::custody(text)?,
        None => app.config.custody.default,
    };
    let limits = convert::limit_records(body.limits);
    limits::read(&limits, Owner::User).map_err(convert::limits_refused)?;
    let owner = app.records.get::<UserRecord>(*user.as_bytes()).await?;
    if !owner.is_some_and(|owner| users::visible(&peer, &owner)) {
        return Err(ApiError::not_found("user", &body.user_id));
    }
    let new = NewWallet {
        user: user.to_string(),
        gateway: peer.principal().name().to_owned(),
        venue: body.venue,
        environment,
        name: body.name,
        custody,
        limits,
    };
    let stored = ensure(&app.records, &app.desk, &app.journal, new, peer.actor()).await?;
    Ok(Json(convert::wallet(&stored)))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<WalletQuery>,
) -> Result<Json<Page<Wallet>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let after = convert::cursor(query.cursor.as_deref())?;
    let user: Option<UserId> = query
        .user_id
        .as_deref()
        .map(|text| convert::id("user_id", text))
        .transpose()?;
    let status = query.status.as_deref().map(wanted_status).transpose()?;
    let parent = user.map(|user| *user.as_bytes());
    let rows = app
        .records
        .list::<WalletRecord>(parent, after, limit)
        .await?;
    let mut page = convert::page(rows, limit, Clone::clone);
    let mut items = Vec::new();
    for row in std::mem::take(&mut page.items) {
        let wallet = convert::wallet(&row);
        let matches = query
            .venue
            .as_ref()
            .is_none_or(|venue| *venue == wallet.venue)
            && status.is_none_or(|status| status == wallet.status);
        if matches && visible(&app, &peer, &row).await? {
            items.push(wallet);
        }
    }
    Ok(Json(Page {
        items,
        next_cursor: page.next_cursor,
    }))
}

fn wanted_status(text: &str) -> Result<WalletStatus, ApiError> {
    match text {
        "active" => Ok(WalletStatus::Active),
        "paused" => Ok(WalletStatus::Paused),
        "archived" => Ok(WalletStatus::Archived),
        other => Err(ApiError::field(
            "status",
            format!("expected `active`, `paused` or `archived`, got `{other}`"),
        )),
    }
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Wallet>, ApiError> {
    let stored = find(&app, &peer, &text).await?;
    Ok(Json(convert::wallet(&stored)))
}

pub(super) async fn patch(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Body(body): Body<PatchWallet>,
) -> Result<Json<Wallet>, ApiError> {
    require_phase(&app, Activity::Change)?;
    if body.name.is_none() && body.limits.is_none() {
        return Err(ApiError::field("name", "expected something to change"));
    }
    convert::optional_text("name", body.name.as_deref(), 128)?;
    let mut stored = find(&app, &peer, &text).await?;
    let mut detail = Map::new();
    if let Some(name) = body.name {
        detail.insert("name".to_owned(), json!(name));
        stored.record.name = Some(name);
    }
    if let Some(limits) = body.limits {
        let new = convert::limit_records(limits);
        limits::replace(&stored.record.limits, &new, Owner::User)
            .map_err(convert::limits_refused)?;
        detail.insert("limits".to_owned(), json!(new));
        stored.record.limits = new;
    }
    change(&app, &peer, stored, &detail.into()).await
}

pub(super) async fn manage(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Body(body): Body<ManageWallet>,
) -> Result<Json<Wallet>, ApiError> {
    require_phase(&app, Activity::Tighten)?;
    let mut stored = find(&app, &peer, &text).await?;
    let new = convert::limit_records(body.limits);
    limits::replace(&stored.record.managed, &new, Owner::Manager)
        .map_err(convert::limits_refused)?;
    let detail = json!({ "managed": new });
    stored.record.managed = new;
    change(&app, &peer, stored, &detail).await
}

pub(super) async fn pause(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Wallet>, ApiError> {
    require_phase(&app, Activity::Tighten)?;
    set_status(&app, &peer, &text, Status::Paused).await
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Wallet>, ApiError> {
    require_phase(&app, Activity::Change)?;
    set_status(&app, &peer, &text, Status::Active).await
}

pub(super) async fn archive(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Wallet>, ApiError> {
    require_phase(&app, Activity::Tighten)?;
    set_status(&app, &peer, &text, Status::Archived).await
}

async fn set_status(
    app: &App,
    peer: &Peer,
    text: &str,
    status: Status,
) -> Result<Json<Wallet>, ApiError> {
    let mut stored = find(app, peer, text).await?;
    if stored.record.status == status {
        return Ok(Json(convert::wallet(&stored)));
    }
    if stored.record.status == Status::Archived {
        return Err(ApiError::new(
            countersign_api::ErrorCode::WalletPaused,
            format!("wallet {} is archived for good", stored.wallet_id()),
        ));
    }
    let detail = json!({ "from": stored.record.status, "to": status });
    stored.record.status = status;
    change(app, peer, stored, &detail).await
}

/// Records a new version of a wallet. The sign path forgets the old one before the answer.
async fn change(
    app: &App,
    peer: &Peer,
    stored: Stored<WalletRecord>,
    detail: &serde_json::Value,
) -> Result<Json<Wallet>, ApiError> {
    let id = stored.wallet_id();
    let subject = Some(id.to_string());
    let entry = app
        .journal
        .entry(EntryKind::WalletChanged, peer.actor(), subject, detail)
        .map_err(crate::records::RecordsError::from)?;
    let drafts = vec![Draft::update(&stored)?];
    app.records.commit(drafts, vec![entry]).await?;
    app.directory.forget(id);
    Ok(Json(convert::wallet(&stored)))
}

/// A wallet that the peer may see.
pub(super) async fn find(
    app: &App,
    peer: &Peer,
    text: &str,
) -> Result<Stored<WalletRecord>, ApiError> {
    let id: WalletId = convert::id("id", text)?;
    match app.records.get::<WalletRecord>(*id.as_bytes()).await? {
        Some(stored) if visible(app, peer, &stored).await? => Ok(stored),
        _ => Err(ApiError::not_found("wallet", text)),
    }
}

/// A gateway sees its users' wallets, a bot those granted to it.
async fn visible(app: &App, peer: &Peer, wallet: &Stored<WalletRecord>) -> Result<bool, ApiError> {
    Ok(match peer.role() {
        Role::Operator | Role::Auditor | Role::Risk => true,
        Role::Gateway => wallet.record.gateway == peer.principal().name(),
        Role::Bot => {
            let grant = GrantRecord {
                bot: peer.principal().name().to_owned(),
                wallet: wallet.wallet_id().to_string(),
                actions: None,
                created_at: 0,
                revoked_at: None,
            };
            let lookup = grant.lookup().unwrap_or_default();
            app.records.find::<GrantRecord>(&lookup).await?.is_some()
        }
    })
}
