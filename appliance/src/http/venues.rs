//! `/v1/venues`: what this build can sign for.

use axum::Json;
use countersign_api::{Page, Venue};
use countersign_intent::VenueId;

use super::error::ApiError;
use super::extract::{Path, Peer};

fn registry() -> Vec<Venue> {
    vec![Venue {
        id: VenueId::from_bytes(*b"solana\0\0\0\0\0\0\0\0\0\0").to_string(),
        slug: countersign_intent::Venue::Solana.as_str().to_owned(),
        kind: "chain".to_owned(),
        auth_fields: Vec::new(),
        features: vec!["spot".to_owned(), "withdrawal".to_owned()],
        leverage: None,
        supported_assets: vec!["any".to_owned()],
        environments: vec!["mainnet".to_owned(), "testnet".to_owned()],
    }]
}

pub(super) async fn list(_: Peer) -> Json<Page<Venue>> {
    Json(Page {
        items: registry(),
        next_cursor: None,
    })
}

pub(super) async fn get(_: Peer, Path(slug): Path) -> Result<Json<Venue>, ApiError> {
    registry()
        .into_iter()
        .find(|venue| venue.slug == slug)
        .map(Json)
        .ok_or_else(|| ApiError::not_found("venue", &slug))
}
