//! `/v1/nonces`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Nonce, ObserveNonce, Page};
use countersign_audit::Kind as EntryKind;
use countersign_intent::Address;
use countersign_store::ledger::{Observation, Observed, Told};
use countersign_store::{NonceRow, Store};
use serde_json::json;

use super::error::ApiError;
use super::extract::{Body, Path, Peer};
use super::phase::require_phase;
use super::{convert, feeds, wallets};
use crate::app::App;
use crate::phase::Activity;
use crate::records::RecordsError;

/// Takes in what a feeder observed: another value than before ends what was held under it. A bot
/// never reaches this.
pub(super) async fn observe(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
    Body(body): Body<ObserveNonce>,
) -> Result<Json<Nonce>, ApiError> {
    require_phase(&app, Activity::Change)?;
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
    let observation = Observation {
        account: *account.as_bytes(),
        value: *value.as_bytes(),
        slot: body.slot,
        entry: entry(&app, &peer, account, &body),
    };
    match app.ledger.observe(observation).await? {
        Observed::Known | Observed::Advanced { .. } => {}
        Observed::Stale { slot, value } => {
            let known = Address::new(value);
            let why = format!(
                "nonce `{known}` of `{account}` was observed at slot {slot} already; expected a \
                 later slot for another one, got {}",
                body.slot
            );
            feeds::log_refused(&app, &peer, "nonce", &text, &why).await;
            return Err(ApiError::field("slot", why));
        }
    }
    let rows = app.db.nonces().await.map_err(RecordsError::from)?;
    let row = rows.iter().find(|row| row.account == *account.as_bytes());
    Ok(Json(convert::nonce(&account, of, row)))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
) -> Result<Json<Page<Nonce>>, ApiError> {
    let rows = app.db.nonces().await.map_err(RecordsError::from)?;
    let by_account: HashMap<[u8; 32], &NonceRow> =
        rows.iter().map(|row| (row.account, row)).collect();
    let registry = app.registrations.current();
    let mut items: Vec<Nonce> = registry
        .nonces()
        .map(|(account, of)| {
            convert::nonce(account, *of, by_account.get(account.as_bytes()).copied())
        })
        .collect();
    items.sort_by(|one, other| one.account.cmp(&other.account));
    Ok(Json(Page {
        items,
        next_cursor: None,
    }))
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
        let entry = app
            .journal
            .entry(EntryKind::NonceObserved, peer.actor(), subject, &detail);
        entry.unwrap_or_default()
    })
}
