//! `/v1/audit`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{AuditEntry, AuditPage, Checkpoint, ErrorCode, Proof, ProofQuery};
use countersign_audit::{Frontier, Hash, proof as proofs, tiles_for_frontier};
use countersign_store::Store;
use serde::Deserialize;

use super::convert;
use super::error::ApiError;
use super::extract::{Peer, Query};
use crate::app::App;
use crate::sequencer;

/// Query of `GET /v1/audit/entries`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntriesQuery {
    start: Option<u64>,
    limit: Option<u32>,
}

pub(super) async fn entries(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<EntriesQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let rows = app.db.entries(query.start.unwrap_or(0), limit).await?;
    let size = app.ledger.head().borrow().size;
    let next = rows.last().map(|row| row.index + 1);
    let items = rows
        .into_iter()
        .map(|row| AuditEntry {
            index: row.index,
            entry: String::from_utf8_lossy(&row.entry).into_owned(),
        })
        .collect();
    Ok(Json(AuditPage {
        items,
        size,
        next_start: next.filter(|next| *next < size),
    }))
}

/// Signs the head first if the log has grown, so that what was just answered is covered.
pub(super) async fn checkpoint(
    State(app): State<Arc<App>>,
    _: Peer,
) -> Result<Json<Checkpoint>, ApiError> {
    if let Err(error) = sequencer::sign_head(&app).await {
        tracing::warn!(%error, "the log's head was not signed on request");
    }
    let rows = app.db.checkpoints(None, 1).await?;
    let row = rows.into_iter().next().ok_or_else(|| {
        ApiError::new(
            ErrorCode::NotReady,
            "no checkpoint was signed yet; ask again in a second",
        )
    })?;
    Ok(Json(Checkpoint {
        note: row.note,
        vkey: app.log_verifier.vkey(),
        size: row.size,
    }))
}

pub(super) async fn proof(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<ProofQuery>,
) -> Result<Json<Proof>, ApiError> {
    let size = match query.size {
        Some(size) => size,
        None => {
            let rows = app.db.checkpoints(None, 1).await?;
            rows.first().map_or(0, |row| row.size)
        }
    };
    let head = app.ledger.head().borrow().size;
    if size == 0 || size > head {
        let detail = format!("expected 1 to {head}, the entries of the log, got {size}");
        return Err(ApiError::field("size", detail));
    }
    let tiles = match (query.index, query.old) {
        (Some(index), None) if index < size => proofs::tiles_for_inclusion(index, size),
        (None, Some(old)) if old <= size => proofs::tiles_for_consistency(old, size),
        (Some(index), None) => {
            let detail = format!("expected less than `size`, {size}, got {index}");
            return Err(ApiError::field("index", detail));
        }
        (None, Some(old)) => {
            let detail = format!("expected at most `size`, {size}, got {old}");
            return Err(ApiError::field("old", detail));
        }
        (Some(_), Some(_)) | (None, None) => {
            let detail = "expected exactly one of `index` and `old`";
            return Err(ApiError::field("index", detail));
        }
    };
    let tiles = tiles.into_iter().chain(tiles_for_frontier(size)).collect();
    let stored = sequencer::fetch(&app.db, tiles).await?;
    let unreadable =
        |error: &dyn std::fmt::Display| ApiError::new(ErrorCode::NotReady, error.to_string());
    let hashes: Vec<Hash> = match (query.index, query.old) {
        (Some(index), _) => proofs::inclusion(&stored, index, size),
        (None, old) => proofs::consistency(&stored, old.unwrap_or(0), size),
    }
    .map_err(|error| unreadable(&error))?;
    let tree = Frontier::load(&stored, size).map_err(|error| unreadable(&error))?;
    Ok(Json(Proof {
        index: query.index,
        old: query.old,
        size,
        hashes: hashes
            .iter()
            .map(|hash| BASE64_STANDARD.encode(hash.0))
            .collect(),
        root: BASE64_STANDARD.encode(tree.root().0),
    }))
}
