//! `/v1/nonces`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Nonce, NonceQuery, ObserveNonce, Page};
use countersign_audit::Kind as EntryKind;
use countersign_intent::Address;
use countersign_store::NonceRow;
use countersign_store::ledger::{Observation, Observed, Told};
use serde_json::json;

use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::cut;
use super::{convert, feeds, wallets};
use crate::app::App;
use crate::records::RecordsError;
use crate::rehearsal;

/// Takes in what a feeder observed: another value than before ends what was held under it. A bot
/// never reaches this.
pub(super) async fn observe(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Body(body): Body<ObserveNonce>,
) -> Result<Json<Nonce>, ApiError> {
    let account: Address = convert::id("account", &text)?;
    let value: Address = convert::id("nonce", &body.nonce)?;
    if i64::try_from(body.slot).is_err() {
        return Err(ApiError::field("slot", "expected a slot, got 2^63 or more"));
    }
    let registry = app.registrations.current();
    let unknown = || ApiError::not_found("nonce account", &text);
    // Also one that is registered no more: what is held under it must be able to end.
    let of = registry.nonce(&account).ok_or_else(unknown)?;
    wallets::find(&app, &peer, &of.wallet.to_string())
        .await
        .map_err(|_| unknown())?;
    if rehearsal::is_on() {
        let detail = json!({ "nonce": body.nonce, "slot": body.slot });
        let (kind, subject) = (EntryKind::NonceObserved, Some(account.to_string()));
        let entry = app.journal.entry(kind, peer.actor(), subject, &detail);
        let known = app.db.nonces().await.map_err(RecordsError::from)?;
        let mut known = known.iter();
        let known = known.find(|row| row.account == *account.as_bytes());
        match known {
            Some(row) if row.value == *value.as_bytes() => {}
            Some(row) if row.slot >= body.slot => {
                return Err(stale(&text, row.slot, row.value, body.slot));
            }
            Some(_) | None => rehearsal::stop(&[entry.map_err(RecordsError::from)?])?,
        }
        return Ok(Json(convert::nonce(&account, of, known)));
    }
    let observation = Observation {
        account: *account.as_bytes(),
        value: *value.as_bytes(),
        slot: body.slot,
        entry: entry(&app, &peer, account, &body),
    };
    match app.ledger.observe(observation).await? {
        Observed::Known | Observed::Advanced { .. } => {}
        Observed::Stale { slot, value } => {
            let error = stale(&text, slot, value, body.slot);
            let why = &error.0.detail;
            feeds::log_refused(&app, &peer, "nonce", &text, why).await;
            return Err(error);
        }
    }
    let rows = app.db.nonces().await.map_err(RecordsError::from)?;
    let row = rows.iter().find(|row| row.account == *account.as_bytes());
    Ok(Json(convert::nonce(&account, of, row)))
}

/// A value of a slot that is not later than the one that is known.
fn stale(account: &str, known_slot: u64, known: [u8; 32], slot: u64) -> ApiError {
    let known = Address::new(known);
    let why = format!(
        "nonce `{known}` of `{account}` was observed at slot {known_slot} already; expected a \
         later slot for another one, got {slot}"
    );
    ApiError::field("slot", why)
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<NonceQuery>,
) -> Result<Json<Page<Nonce>>, ApiError> {
    let status = query.status.as_deref();
    let status = status
        .map(|text| convert::word("status", &["free", "held", "unknown"], text))
        .transpose()?;
    let of = query.wallet_id.as_ref();
    let matches = |nonce: &Nonce| {
        of.is_none_or(|wallet| nonce.wallet_id.as_ref() == Some(wallet))
            && status.is_none_or(|status| status == state(nonce))
    };
    let rows = app.db.nonces().await.map_err(RecordsError::from)?;
    let by_account: HashMap<[u8; 32], &NonceRow> =
        rows.iter().map(|row| (row.account, row)).collect();
    let registry = app.registrations.current();
    let mut items: Vec<Nonce> = registry
        .nonces()
        .map(|(account, of)| {
            convert::nonce(account, *of, by_account.get(account.as_bytes()).copied())
        })
        .filter(matches)
        .collect();
    // What was observed last comes first.
    items.sort_by(|one, other| {
        let slots = other.slot.cmp(&one.slot);
        slots.then_with(|| one.account.cmp(&other.account))
    });
    let name = |nonce: &Nonce| nonce.account.clone();
    Ok(Json(cut(
        items,
        name,
        query.cursor.as_deref(),
        query.limit,
    )?))
}

const fn state(nonce: &Nonce) -> &'static str {
    match (&nonce.nonce, &nonce.held_by) {
        (None, _) => "unknown",
        (Some(_), Some(_)) => "held",
        (Some(_), None) => "free",
    }
}

/// The log entry of an observation that says something new.
fn entry(app: &Arc<App>, peer: &Peer, account: Address, body: &ObserveNonce) -> Told {
    let (app, peer, body) = (Arc::clone(app), peer.clone(), body.clone());
    Box::new(move |observed| {
        let ended = match observed {
            Observed::Advanced { ended } => ended.map(|request| request.to_string()),
            Observed::Known | Observed::Stale { .. } => None,
        };
        let detail = json!({ "nonce": body.nonce, "slot": body.slot, "ended": ended });
        let subject = Some(account.to_string());
        app.journal
            .entry(EntryKind::NonceObserved, peer.actor(), subject, &detail)
    })
}
