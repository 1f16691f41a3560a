//! `/v1/venues`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use countersign_api::{CreateVenue, ErrorCode, Page, PatchVenue, Venue, VenueQuery};

use super::changes::propose;
use super::convert;
use super::error::ApiError;
use super::extract::{Body, Path, Peer, Query};
use super::page::cut;
use crate::app::App;
use crate::governance::change::What;
use crate::venues::{VenueEntry, VenueRecord};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<VenueQuery>,
) -> Result<Json<Page<Venue>>, ApiError> {
    let status = query.status.as_deref();
    let status = status
        .map(|text| convert::word("status", &["enabled", "disabled"], text))
        .transpose()?;
    let kind = query.kind.as_deref();
    let all = app.venues.all();
    // In the order they were registered in, so the newest are at the end.
    let there = all.iter().rev().filter(|entry| !entry.record.removed);
    let items = there
        .map(convert::venues::venue)
        .filter(|venue| kind.is_none_or(|kind| kind == venue.kind))
        .filter(|venue| status.is_none_or(|status| (status == "enabled") == venue.enabled));
    let name = |venue: &Venue| venue.slug.clone();
    let (cursor, limit) = (query.cursor.as_deref(), query.limit);
    Ok(Json(cut(items.collect(), name, cursor, limit)?))
}

pub(super) async fn get(
    State(app): State<Arc<App>>,
    _: Peer,
    Path(slug): Path,
) -> Result<Json<Venue>, ApiError> {
    Ok(Json(convert::venues::venue(&there(&app, &slug)?)))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<CreateVenue>,
) -> Result<Response, ApiError> {
    let to = convert::venues::record(body)?;
    let was = app.venues.find(&to.slug).map(|entry| entry.record);
    if was.as_ref().is_some_and(|record| !record.removed) {
        let detail = format!("there is a venue `{}` already; change it instead", to.slug);
        return Err(ApiError::new(ErrorCode::AlreadyDecided, detail));
    }
    change(&app, &peer, was, to).await
}

pub(super) async fn patch(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(slug): Path,
    Body(body): Body<PatchVenue>,
) -> Result<Response, ApiError> {
    let was = there(&app, &slug)?.record;
    let to = convert::venues::patched(&was, body)?;
    if to == was {
        return Err(ApiError::field("enabled", "expected something to change"));
    }
    change(&app, &peer, Some(was), to).await
}

/// The row stays, so that its slug keeps its meaning; its wallets sign no more.
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    peer: Peer,
    Path(slug): Path,
) -> Result<Response, ApiError> {
    let was = there(&app, &slug)?.record;
    let to = VenueRecord {
        removed: true,
        ..was.clone()
    };
    change(&app, &peer, Some(was), to).await
}

async fn change(
    app: &App,
    peer: &Peer,
    was: Option<VenueRecord>,
    to: VenueRecord,
) -> Result<Response, ApiError> {
    let (was, to) = (was.map(Box::new), Box::new(to));
    propose(app, peer, What::Venue { was, to }).await
}

fn there(app: &App, slug: &str) -> Result<VenueEntry, ApiError> {
    let found = app.venues.find(slug);
    found
        .filter(|entry| !entry.record.removed)
        .ok_or_else(|| ApiError::not_found("venue", slug))
}
