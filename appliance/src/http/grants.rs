//! `/v1/grants`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use countersign_api::{CreateGrant, ErrorCode, Grant, GrantQuery, Page};
use countersign_audit::Kind as EntryKind;
use countersign_intent::{Action, GrantId, Principal, Role, Timestamp, WalletId};

use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Dated, Narrow, Part, is_before, narrowed};
use super::{convert, names, wallets};
use crate::app::App;
use crate::grants::GrantRecord;
use crate::records::{Draft, Record, RecordsError, Stored};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateGrant>,
) -> Result<Json<Grant>, ApiError> {
    let bot = convert::bot_name("bot", &body.bot)?;
    convert::actions(body.actions.as_deref().unwrap_or_default())?;
    let wallet = wallets::find(&app, &peer, &body.wallet_id)
        .await?
        .wallet_id();
    let record = GrantRecord {
        bot,
        wallet: wallet.to_string(),
        actions: body.actions.clone(),
        created_at: app.clock.now().micros(),
        revoked_at: None,
    };
    let lookup = record.lookup().unwrap_or_default();
    let existing = app.records.find::<GrantRecord>(&lookup).await?;
    let stored = match existing {
        Some(stored) if stored.record.actions == record.actions => {
            return Ok(made(&app, &stored));
        }
        Some(mut stored) => {
            let more = widens(&stored.record.actions, &record.actions);
            if !body.replace && !more.is_empty() {
                return Err(wider(&stored, &more));
            }
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
    Ok(made(&app, &stored))
}

/// A grant may come before the bot's certificate; so may a name that nobody has.
fn made(app: &App, stored: &Stored<GrantRecord>) -> Json<Grant> {
    let bot = Principal::new(Role::Bot, &stored.record.bot);
    Json(Grant {
        warning: bot.ok().and_then(|bot| names::principal(app, &bot)),
        ..convert::grant(stored)
    })
}

/// The actions that a grant would gain.
fn widens(old: &Option<Vec<String>>, new: &Option<Vec<String>>) -> Vec<String> {
    let all = || Action::ALL.iter().map(|action| action.as_str().to_owned());
    let Some(old) = old else { return Vec::new() };
    let new: Vec<String> = new.clone().unwrap_or_else(|| all().collect());
    let more = new.into_iter().filter(|action| !old.contains(action));
    more.collect()
}

/// Giving a bot more is never what is left over from making sure that it has something.
fn wider(stored: &Stored<GrantRecord>, more: &[String]) -> ApiError {
    let id = GrantId::from_bytes(stored.id);
    let old = stored.record.actions.as_deref().unwrap_or_default();
    let old = match old {
        [] => "none".to_owned(),
        some => some.join(", "),
    };
    let detail = format!(
        "bot `{}` has {id} on this wallet already, for {old}; this would add {}; send `replace: \
         true` if it is to have that too",
        stored.record.bot,
        more.join(", ")
    );
    let mut error = ApiError::new(ErrorCode::AlreadyDecided, detail);
    error.0.field = Some("actions".to_owned());
    error.because("grant_widens")
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<GrantQuery>,
) -> Result<Json<Page<Grant>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let status = query.status.as_deref().unwrap_or("active");
    let bot = query.bot.as_deref();
    let wallet = query.wallet_id.as_deref();
    let wallet: Option<WalletId> = wallet.map(|id| convert::id("wallet_id", id)).transpose()?;
    let wanted = Wanted {
        app: &app,
        peer: &peer,
        bot: bot.map(|bot| convert::bot_name("bot", bot)).transpose()?,
        status: convert::word("status", &["active", "revoked", "any"], status)?,
        since: convert::since(query.since.as_deref(), app.clock.now())?,
    };
    let parent = wallet.map(|wallet| *wallet.as_bytes());
    Ok(Json(narrowed(&app.records, parent, part, &wanted).await?))
}

/// Grants that are wanted, each as visible as its wallet is.
struct Wanted<'a> {
    app: &'a App,
    peer: &'a Peer,
    bot: Option<String>,
    status: &'a str,
    since: Option<Timestamp>,
}

impl Dated for GrantRecord {
    fn made_at(&self) -> i64 {
        self.created_at
    }
}

impl Narrow<GrantRecord> for Wanted<'_> {
    type Shown = Grant;

    async fn show(&self, row: &Stored<GrantRecord>) -> Result<Option<Grant>, ApiError> {
        let state = row.record.revoked_at.map_or("active", |_| "revoked");
        let bot = self.bot.as_ref();
        let matches = bot.is_none_or(|bot| *bot == row.record.bot)
            && (self.status == "any" || self.status == state);
        if !matches {
            return Ok(None);
        }
        let wallet = wallets::find(self.app, self.peer, &row.record.wallet).await;
        Ok(wallet.is_ok().then(|| convert::grant(row)))
    }

    fn ends(&self, row: &Stored<GrantRecord>) -> bool {
        is_before(row, self.since)
    }
}

pub(super) async fn revoke(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<StatusCode, ApiError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_widened_by_what_it_lacked() {
        let some = |actions: &[&str]| -> Option<Vec<String>> {
            Some(actions.iter().map(|action| (*action).to_owned()).collect())
        };
        let none: [&str; 0] = [];
        for (old, new, more) in [
            (None, None, &none[..]),
            (None, some(&["trade"]), &none),
            (some(&["trade", "stake"]), some(&["trade"]), &none),
            (some(&["trade"]), some(&[]), &none),
            (some(&["trade"]), some(&["withdrawal"]), &["withdrawal"]),
            (some(&[]), some(&["trade"]), &["trade"]),
        ] {
            assert_eq!(widens(&old, &new), more, "{old:?} -> {new:?}");
        }
        let every = widens(&some(&["trade"]), &None);
        assert_eq!(every.len(), Action::ALL.len() - 1);
    }
}
