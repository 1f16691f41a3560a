//! `/v1/wallets`.

pub(super) mod import;
pub(super) mod rotate;
pub(super) mod verify;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_api::{
    CreateWallet, ManageWallet, Page, PatchWallet, PauseWallet, Wallet, WalletQuery, WalletStatus,
};
use countersign_audit::Kind as EntryKind;
use countersign_intent::{Role, Timestamp, UserId, Venue, WalletId};
use serde_json::{Map, json};

use super::changes::propose;
use super::convert;
use super::error::ApiError;
use super::extract::{Body, OptionalBody, Path, Peer, Query};
use super::feed::{self, Feed, Followed};
use super::page::{Dated, Narrow, Part, is_before, narrowed};
use super::users;
use crate::app::App;
use crate::governance::change::What;
use crate::grants::GrantRecord;
use crate::records::{Draft, Record, Stored};
use crate::users::UserRecord;
use crate::wallets::limits::{self, LimitsError, Owner};
use crate::wallets::{LimitRecord, NewWallet, Status, WalletRecord, ensure};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateWallet>,
) -> Result<Json<Wallet>, ApiError> {
    let new = wanted(&app, &peer, body).await?;
    let stored = ensure(&app.records, &app.desk, &app.journal, new, peer.actor()).await?;
    Ok(Json(convert::wallet(&stored)))
}

/// What is asked for, if it is to be had and the user is the peer's.
async fn wanted(app: &App, peer: &Peer, body: CreateWallet) -> Result<NewWallet, ApiError> {
    let user: UserId = convert::id("user_id", &body.user_id)?;
    let environment = body.environment.unwrap_or_else(|| "mainnet".to_owned());
    let venue = offered(app, &body.venue, &environment)?;
    convert::optional_text("name", body.name.as_deref(), 128)?;
    let custody = match body.custody.as_deref() {
        Some(text) => convert::custody(text)?,
        None => app.config.custody.default,
    };
    let limits = convert::limit_records(body.limits);
    limits::read(&limits, Owner::User, venue).map_err(convert::limits_refused)?;
    let owner = app.records.get::<UserRecord>(*user.as_bytes()).await?;
    if !owner.is_some_and(|owner| users::visible(peer, &owner)) {
        return Err(ApiError::not_found("user", &body.user_id));
    }
    Ok(NewWallet {
        user: user.to_string(),
        gateway: peer.principal().name().to_owned(),
        venue,
        environment,
        name: body.name,
        custody,
        limits,
    })
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<WalletQuery>,
) -> Result<Json<Page<Wallet>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let user: Option<UserId> = query
        .user_id
        .as_deref()
        .map(|text| convert::id("user_id", text))
        .transpose()?;
    let status = query.status.as_deref().map(wanted_status).transpose()?;
    let bot = query.bot.as_deref();
    let bot = bot.map(|bot| convert::bot_name("bot", bot)).transpose()?;
    let wanted = Wanted {
        app: &app,
        peer: &peer,
        user,
        venue: query.venue,
        status,
        bot,
        since: convert::since(query.since.as_deref(), app.clock.now())?,
    };
    if let Some(after) = query.after {
        let feed = Feed::read(&app, after, query.cursor.as_deref(), query.wait.as_deref())?;
        return Ok(Json(feed.page(part, &wanted).await?));
    }
    feed::no_wait(query.wait.as_deref())?;
    let revision = feed::revision(&app);
    let parent = user.map(|user| *user.as_bytes());
    let page = narrowed(&app.records, parent, part, &wanted).await?;
    Ok(Json(page.at(revision)))
}

struct Wanted<'a> {
    app: &'a App,
    peer: &'a Peer,
    user: Option<UserId>,
    venue: Option<String>,
    status: Option<WalletStatus>,
    bot: Option<String>,
    since: Option<Timestamp>,
}

impl Dated for WalletRecord {
    fn made_at(&self) -> i64 {
        self.created_at
    }
}

impl Narrow<WalletRecord> for Wanted<'_> {
    type Shown = Wallet;

    async fn show(&self, row: &Stored<WalletRecord>) -> Result<Option<Wallet>, ApiError> {
        let wallet = convert::wallet(row);
        let (user, venue) = (self.user.map(|user| user.to_string()), self.venue.as_ref());
        let matches = user.is_none_or(|user| user == wallet.user_id)
            && venue.is_none_or(|venue| *venue == wallet.venue)
            && self.status.is_none_or(|status| status == wallet.status);
        if !matches || !visible(self.app, self.peer, row).await? {
            return Ok(None);
        }
        let granted = match &self.bot {
            Some(bot) => granted(self.app, bot, row).await?,
            None => true,
        };
        Ok(granted.then_some(wallet))
    }

    fn ends(&self, row: &Stored<WalletRecord>) -> bool {
        is_before(row, self.since)
    }
}

/// Wallets change by entries that name them, but for those about what they signed.
impl Followed for Wanted<'_> {
    type Shown = Wallet;

    const PREFIX: &'static str = "wal_";

    fn concerns(kind: &str) -> bool {
        ["wallet_created", "wallet_changed", "wallet_rotated"].contains(&kind)
            || ["grant_created", "grant_revoked"].contains(&kind)
    }

    async fn changed(&self, id: &str) -> Result<Option<Wallet>, ApiError> {
        let id: WalletId = convert::id("id", id)?;
        match self.app.records.get::<WalletRecord>(*id.as_bytes()).await? {
            Some(row) if !self.ends(&row) => self.show(&row).await,
            _ => Ok(None),
        }
    }
}

/// Whether the registry has the venue and this build can sign for it.
fn offered(app: &App, slug: &str, environment: &str) -> Result<Venue, ApiError> {
    let refuse = |detail| Err(ApiError::field("venue", detail));
    let there = app.venues.find(slug);
    let Some(venue) = there.filter(|entry| !entry.record.removed) else {
        return refuse(format!("there is no venue `{slug}`; see /v1/venues"));
    };
    let Some(signable) = Venue::by_slug(slug) else {
        return refuse(format!(
            "`{slug}` is registered, but this version cannot sign for it; `signable` in \
             /v1/venues says which it can"
        ));
    };
    if !venue.record.enabled {
        return refuse(format!("the venue `{slug}` is turned off in the registry"));
    }
    let environments = &venue.record.environments;
    if environments.iter().any(|known| known == environment) {
        return Ok(signable);
    }
    let known = environments.join("`, `");
    let detail = format!("expected one of `{known}`, got `{environment}`");
    Err(ApiError::field("environment", detail))
}

fn wanted_status(text: &str) -> Result<WalletStatus, ApiError> {
    let words = ["active", "paused", "archived"];
    Ok(match convert::word("status", &words, text)? {
        "active" => WalletStatus::Active,
        "paused" => WalletStatus::Paused,
        _ => WalletStatus::Archived,
    })
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
) -> Result<Response, ApiError> {
    if body.name.is_none() && body.limits.is_none() {
        return Err(ApiError::field("name", "expected something to change"));
    }
    convert::optional_text("name", body.name.as_deref(), 128)?;
    let mut stored = find(&app, &peer, &text).await?;
    let mut detail = Map::new();
    if let Some(limits) = body.limits {
        let to = convert::limit_records(limits);
        match limits::replace(&stored.record.limits, &to, Owner::User, venue_of(&stored)?) {
            Ok(()) => {}
            Err(LimitsError::Loosens(why)) if body.name.is_some() => {
                let detail = format!("{why}: this waits for people; change the name by itself");
                return Err(ApiError::field("name", detail));
            }
            Err(LimitsError::Loosens(_)) => return loosen(&app, &peer, stored, to).await,
            Err(error) => return Err(convert::limits_refused(error)),
        }
        detail.insert("limits".to_owned(), json!(to));
        stored.record.limits = to;
    }
    if let Some(name) = body.name {
        detail.insert("name".to_owned(), json!(name));
        stored.record.name = Some(name);
    }
    let changed = change(&app, &peer, stored, &detail.into()).await?;
    Ok(changed.into_response())
}

fn venue_of(stored: &Stored<WalletRecord>) -> Result<Venue, ApiError> {
    Venue::by_slug(&stored.record.venue)
        .ok_or_else(|| ApiError::field("venue", "the wallet is at a venue that this version lacks"))
}

/// Governed: limits were agreed to with the wallet's user.
async fn loosen(
    app: &App,
    peer: &Peer,
    stored: Stored<WalletRecord>,
    to: Vec<LimitRecord>,
) -> Result<Response, ApiError> {
    let what = What::WalletLimits {
        wallet: stored.wallet_id().to_string(),
        was: stored.record.limits,
        to,
    };
    propose(app, peer, what).await
}

pub(super) async fn manage(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Body(body): Body<ManageWallet>,
) -> Result<Json<Wallet>, ApiError> {
    let mut stored = find(&app, &peer, &text).await?;
    let new = convert::limit_records(body.limits);
    limits::replace(
        &stored.record.managed,
        &new,
        Owner::Manager,
        venue_of(&stored)?,
    )
    .map_err(convert::limits_refused)?;
    let detail = json!({ "managed": new });
    stored.record.managed = new;
    change(&app, &peer, stored, &detail).await
}

pub(super) async fn pause(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    OptionalBody(body): OptionalBody<PauseWallet>,
) -> Result<Json<Wallet>, ApiError> {
    convert::optional_text("reason", body.reason.as_deref(), 256)?;
    set_status(&app, &peer, &text, Status::Paused, body.reason).await
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Wallet>, ApiError> {
    set_status(&app, &peer, &text, Status::Active, None).await
}

pub(super) async fn archive(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<Json<Wallet>, ApiError> {
    set_status(&app, &peer, &text, Status::Archived, None).await
}

async fn set_status(
    app: &App,
    peer: &Peer,
    text: &str,
    status: Status,
    reason: Option<String>,
) -> Result<Json<Wallet>, ApiError> {
    let mut stored = find(app, peer, text).await?;
    if stored.record.status == status {
        return Ok(Json(convert::wallet(&stored)));
    }
    if stored.record.status == Status::Archived {
        return Err(ApiError::new(
            countersign_api::ErrorCode::WalletPaused,
            format!(
                "wallet {} is archived for good; make another one",
                stored.wallet_id()
            ),
        )
        .because("archived"));
    }
    let mut detail = json!({ "from": stored.record.status, "to": status });
    if let (Some(reason), Some(detail)) = (reason, detail.as_object_mut()) {
        detail.insert("reason".to_owned(), json!(reason));
    }
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
    let committed = app.records.commit(drafts, vec![entry]).await;
    // Whatever is said of the commit: it may have been done.
    app.directory.forget(id);
    committed?;
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
        Role::Bot => granted(app, peer.principal().name(), wallet).await?,
    })
}

/// Whether a bot may use a wallet.
async fn granted(app: &App, bot: &str, wallet: &Stored<WalletRecord>) -> Result<bool, ApiError> {
    let grant = GrantRecord {
        bot: bot.to_owned(),
        wallet: wallet.wallet_id().to_string(),
        actions: None,
        created_at: 0,
        revoked_at: None,
    };
    let lookup = grant.lookup().unwrap_or_default();
    Ok(app.records.find::<GrantRecord>(&lookup).await?.is_some())
}
