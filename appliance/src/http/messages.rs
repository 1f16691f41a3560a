//! `/v1/requests/messages`: what was asked for, to be judged again under another policy.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{
    RecordedApproval, RecordedConsent, RecordedPage, RecordedQuery, RecordedRequest, RecordedWallet,
};
use countersign_intent::{RequestId, Timestamp, UserId, WalletId};
use countersign_store::ledger::LedgerError;
use countersign_store::{KeptRequest, request_seq};

use super::convert;
use super::error::ApiError;
use super::extract::{Peer, Query};
use crate::app::App;
use crate::governance::ConsentRecord;
use crate::governance::held::Held;
use crate::sign::{Kept, Remembered};
use crate::users::UserRecord;
use crate::wallets::WalletRecord;

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<RecordedQuery>,
) -> Result<Json<RecordedPage>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let now = app.clock.now();
    let newest = app.db.progress().await?.last_request;
    let after = match (&query.cursor, &query.since) {
        (Some(cursor), None) => convert::cursor_after(cursor)?,
        (None, None) => 0,
        (None, Some(since)) => {
            let since = convert::since(Some(since), now)?.unwrap_or(now);
            before(&app, since, newest).await?
        }
        (Some(_), Some(_)) => {
            let detail = "a cursor says where to go on; leave this out";
            return Err(ApiError::field("since", detail));
        }
    };
    let rows = app.requests.kept(after, limit).await?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let number = |row: &KeptRequest| request_seq(row.stored.request.id);
    let mut page = RecordedPage {
        now: now.to_string(),
        items: Vec::with_capacity(rows.len()),
        wallets: Vec::new(),
        newest,
        first: rows.first().map(number),
        next_cursor: rows
            .last()
            .filter(|_| full)
            .map(|row| number(row).to_string()),
    };
    let mut wallets = BTreeMap::new();
    for row in &rows {
        page.items.push(recorded(&app, row).await?);
        let id = row.stored.request.wallet;
        if let Entry::Vacant(place) = wallets.entry(id) {
            place.insert(wallet(&app, id).await?);
        }
    }
    page.wallets = wallets.into_values().flatten().collect();
    Ok(Json(page))
}

/// A number below that of every request judged at or after `since`. Numbers grow with time but for
/// requests that were judged again, whose time is later: they make it smaller, never larger.
pub(super) async fn before(app: &App, since: Timestamp, newest: u64) -> Result<u64, LedgerError> {
    let (mut low, mut high) = (0, newest);
    while low < high {
        let middle = low.midpoint(high);
        let next = app.requests.kept(middle, 1).await?;
        match next.first() {
            Some(row) if row.stored.request.at < since => {
                low = request_seq(row.stored.request.id);
            }
            Some(_) | None => high = middle,
        }
    }
    Ok(low)
}

/// What was kept of a request; what is held has its own in its answer.
fn kept(app: &App, row: &KeptRequest) -> Option<Kept> {
    if let Some(message) = &row.message {
        return Kept::decode(message);
    }
    match Remembered::decode(&row.stored.request.answer)? {
        Remembered::Pending { held, voucher, .. } if app.vouchers.check_held(&held, &voucher) => {
            Held::kept(&held)
        }
        _ => None,
    }
}

async fn recorded(app: &App, row: &KeptRequest) -> Result<RecordedRequest, ApiError> {
    let mut request = convert::recorded_request(&row.stored);
    let Some(kept) = kept(app, row) else {
        return Ok(request);
    };
    kept.body.tell(&mut request);
    request.halted = kept.halted;
    if let Some(id) = kept.approved {
        request.consent = consent(app, id).await?;
    }
    Ok(request)
}

/// What people had said about the request that a release names, if there is such a request.
async fn consent(app: &App, id: RequestId) -> Result<Option<RecordedConsent>, ApiError> {
    let Some(asked) = app.requests.one(id).await? else {
        return Ok(None);
    };
    let stored = app.records.get::<ConsentRecord>(*id.as_bytes()).await?;
    let given = stored.map(|stored| stored.record.approvals);
    let given = given.unwrap_or_default().into_iter();
    Ok(Some(RecordedConsent {
        request_id: id.to_string(),
        asked_at: asked.request.at.to_string(),
        given: given
            .map(|yes| RecordedApproval {
                approver: yes.name,
                given_at: Timestamp::from_micros(yes.given_at).to_string(),
            })
            .collect(),
    }))
}

async fn wallet(app: &App, id: WalletId) -> Result<Option<RecordedWallet>, ApiError> {
    let Some(stored) = app.records.get::<WalletRecord>(*id.as_bytes()).await? else {
        return Ok(None);
    };
    let user: Option<UserId> = stored.record.user.parse().ok();
    let user = match user {
        Some(user) => app.records.get::<UserRecord>(*user.as_bytes()).await?,
        None => None,
    };
    let tier = user.and_then(|user| user.record.tier);
    Ok(Some(convert::recorded_wallet(&stored, tier)))
}
