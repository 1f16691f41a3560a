//! `/v1/prices`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Page, PageQuery, Price, SetPrice};
use countersign_audit::Kind as EntryKind;
use countersign_intent::Amount;
use countersign_policy::PolicySet;

use super::convert;
use super::error::ApiError;
use super::extract::{Body, Peer, Query};
use super::page::cut;
use crate::app::App;
use crate::prices::PriceRecord;
use crate::records::{Draft, RecordsError};

pub(super) async fn set(
    State(app): State<Arc<App>>,
    peer: Peer,
    Body(body): Body<SetPrice>,
) -> Result<Json<Price>, ApiError> {
    let policy = app.policies.active();
    let set = policy.as_ref().map(|policy| &policy.set);
    let mut assets = set.into_iter().flat_map(PolicySet::assets);
    if !assets.any(|asset| asset.symbol() == body.asset) {
        return Err(ApiError::field("asset", undeclared(&body.asset)));
    }
    let price = Amount::from_display(&body.price_usd, 6)
        .map_err(|error| ApiError::field("price_usd", error.to_string()))?;
    let micro_usd = u64::try_from(price.base())
        .ok()
        .filter(|price| *price > 0)
        .ok_or_else(|| ApiError::field("price_usd", "expected more than 0 and less than 2^64"))?;
    let record = PriceRecord {
        asset: body.asset,
        micro_usd,
        set_at: app.clock.now().micros(),
    };
    let mut turn = app.records.turn().await;
    let draft = match app.records.find::<PriceRecord>(&record.asset).await? {
        Some(mut stored) => {
            stored.record = record.clone();
            Draft::update(&stored)?
        }
        None => Draft::new(app.desk.random_id().await?, &record)?,
    };
    let subject = Some(record.asset.clone());
    let entry = app
        .journal
        .entry(EntryKind::PriceSet, peer.actor(), subject, &record)
        .map_err(RecordsError::from)?;
    turn.commit(vec![draft], vec![entry]).await?;
    // Within the turn, so that an older reading does not come after a newer one.
    app.prices.load(&app.records).await?;
    Ok(Json(convert::price(&record, set)))
}

/// Rules and limits may name the asset all the same: it has a price only once it is declared.
fn undeclared(asset: &str) -> String {
    format!(
        "the active policy has no `[assets.{asset}]`, so it uses no price of it; propose one with \
         `reference_price_usd = {{ source = \"operator\", max_age = \"24h\" }}` there"
    )
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<Price>>, ApiError> {
    let since = convert::since(query.since.as_deref(), app.clock.now())?;
    let mut records = app.prices.recorded().to_vec();
    records.retain(|one| since.is_none_or(|since| one.set_at >= since.micros()));
    records.sort_by(|one, other| {
        let times = other.set_at.cmp(&one.set_at);
        times.then_with(|| one.asset.cmp(&other.asset))
    });
    let policy = app.policies.active();
    let set = policy.as_ref().map(|policy| &policy.set);
    let items: Vec<Price> = records.iter().map(|one| convert::price(one, set)).collect();
    let name = |price: &Price| price.asset.clone();
    Ok(Json(cut(
        items,
        name,
        query.cursor.as_deref(),
        query.limit,
    )?))
}
