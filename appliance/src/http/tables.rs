//! `/v1/tables`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use countersign_api::{FeedTable, LookupTable, Page, PageQuery};
use countersign_audit::Kind as EntryKind;
use countersign_intent::Address;
use serde_json::json;

use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::{Dated, Part, Shown, narrowed};
use super::{convert, feeds};
use crate::app::App;
use crate::records::{Draft, RecordsError, Stored};
use crate::tables::{FeedError, TableRecord, extend};

/// Takes in what a feeder observed. A bot never reaches this.
pub(super) async fn feed(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<FeedTable>,
) -> Result<Json<LookupTable>, ApiError> {
    let table: Address = convert::id("address", &body.address)?;
    let fed = convert::addresses("addresses", &body.addresses)?;
    let table = table.to_string();
    let from = usize::from(body.from);
    let mut turn = app.records.turn().await;
    let known = app.records.find::<TableRecord>(&table).await?;
    let record = known.as_ref().map(|known| &known.record);
    let entries = match extend(record, peer.role(), &table, from, &fed) {
        Ok(Some(entries)) => entries,
        Ok(None) => {
            let known = known.ok_or_else(|| ApiError::not_found("table", &table))?;
            return Ok(Json(convert::table(&known.record, false)));
        }
        Err(error) => return Err(refuse(&app, &peer, &table, error).await),
    };
    let is_new = record.is_none_or(|record| record.removed_at.is_some());
    if is_new && !app.tables.has_room() {
        return Err(refuse(&app, &peer, &table, FeedError::Full).await);
    }
    let before = if is_new {
        0
    } else {
        record.map_or(0, |record| record.entries.len())
    };
    let added = entries.get(before..).unwrap_or_default();
    let detail = json!({ "from": before, "addresses": added });
    let record = TableRecord {
        address: table.clone(),
        fed_by: peer.principal().to_string(),
        fed_at: app.clock.now().micros(),
        removed_at: None,
        entries: entries.clone(),
    };
    let entry = app
        .journal
        .entry(EntryKind::TableFed, peer.actor(), Some(table), &detail)
        .map_err(RecordsError::from)?;
    let draft = match known {
        Some(known) => Draft::update(&Stored {
            record: record.clone(),
            ..known
        })?,
        None => Draft::new(app.desk.random_id().await?, &record)?,
    };
    turn.commit(vec![draft], vec![entry]).await?;
    app.tables.put(&record)?;
    Ok(Json(convert::table(&record, false)))
}

/// Says in the log, in the metrics and to the feeder why a feed is not taken.
async fn refuse(app: &App, peer: &Peer, table: &str, error: FeedError) -> ApiError {
    feeds::log_refused(app, peer, "table", table, &error.to_string()).await;
    convert::feed_refused(&error)
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<LookupTable>>, ApiError> {
    let part = Part::read(query.cursor.as_deref(), query.limit)?;
    let since = convert::since(query.since.as_deref(), app.clock.now())?;
    let show = |row: &Stored<TableRecord>| {
        let fed_since = since.is_none_or(|since| row.record.made_at() >= since.micros());
        let known = row.record.removed_at.is_none() && fed_since;
        known.then(|| convert::table(&row.record, false))
    };
    // A table that is old may have been fed since.
    let wanted = Shown { show, since: None };
    Ok(Json(narrowed(&app.records, None, part, &wanted).await?))
}

impl Dated for TableRecord {
    fn made_at(&self) -> i64 {
        self.fed_at
    }
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    _: Peer,
    Path(text): Path,
) -> Result<Json<LookupTable>, ApiError> {
    let stored = find(&app, &text).await?;
    Ok(Json(convert::table(&stored.record, true)))
}

/// Holds at once: nothing that the table names is known any more.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(text): Path,
) -> Result<StatusCode, ApiError> {
    let mut turn = app.records.turn().await;
    let mut stored = find(&app, &text).await?;
    stored.record.removed_at = Some(app.clock.now().micros());
    let detail = json!({ "length": stored.record.entries.len(), "fed_by": stored.record.fed_by });
    let subject = Some(stored.record.address.clone());
    let entry = app
        .journal
        .entry(EntryKind::TableRemoved, peer.actor(), subject, &detail)
        .map_err(RecordsError::from)?;
    turn.commit(vec![Draft::update(&stored)?], vec![entry])
        .await?;
    app.tables.remove(&stored.record)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(app: &App, text: &str) -> Result<Stored<TableRecord>, ApiError> {
    let table: Address = convert::id("address", text)?;
    let stored = app.records.find::<TableRecord>(&table.to_string()).await?;
    stored
        .filter(|stored| stored.record.removed_at.is_none())
        .ok_or_else(|| ApiError::not_found("table", text))
}
