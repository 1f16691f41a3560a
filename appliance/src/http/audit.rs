//! `/v1/audit`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_api::{
    AuditEntry, AuditPage, Checkpoint, CheckpointPage, CheckpointsQuery, EntriesQuery, ErrorCode,
    Proof, ProofQuery,
};
use countersign_audit::{Entry, Frontier, Hash, leaf_hash, proof as proofs, tiles_for_frontier};
use countersign_intent::Role;
use countersign_store::CheckpointRow;

use super::convert;
use super::error::ApiError;
use super::extract::{Peer, Query};
use crate::app::App;
use crate::{hashes, sequencer};

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
    if let Err(error) = sequencer::sign_head(&app.sequencer).await {
        tracing::warn!(%error, "the log's head was not signed on request");
    }
    let rows = app.db.checkpoints(None, 1).await?;
    let row = rows.into_iter().next().ok_or_else(|| {
        ApiError::new(
            ErrorCode::NotReady,
            "no checkpoint was signed yet; ask again in a second",
        )
    })?;
    shown(&app, row).map(Json)
}

/// Every signed checkpoint, so that an export narrows a change down to the entries between two.
pub(super) async fn checkpoints(
    State(app): State<Arc<App>>,
    _: Peer,
    Query(query): Query<CheckpointsQuery>,
) -> Result<Json<CheckpointPage>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let after = query.after.unwrap_or(0);
    let rows = app.db.checkpoints_after(after, limit).await?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next_after = rows.last().map(|row| row.size).filter(|_| full);
    let items = rows.into_iter().map(|row| shown(&app, row));
    Ok(Json(CheckpointPage {
        items: items.collect::<Result<_, _>>()?,
        next_after,
    }))
}

/// A stored note is shown only if the log's key signed it, with the size that it states.
fn shown(app: &App, row: CheckpointRow) -> Result<Checkpoint, ApiError> {
    let opened = countersign_audit::Checkpoint::open(row.note.as_bytes(), &app.log_verifier);
    let checkpoint = opened
        .map_err(|error| error.to_string())
        .and_then(|one| match one.size == row.size {
            true => Ok(one),
            false => Err(format!("it is of size {}", one.size)),
        })
        .map_err(|why| {
            metrics::counter!("countersign_tampered_rows_total").increment(1);
            let detail = format!(
                "the stored checkpoint of size {} is not genuine: {why}; restore the database from \
                 a backup",
                row.size
            );
            ApiError::new(ErrorCode::NotReady, detail)
        })?;
    Ok(Checkpoint {
        note: row.note,
        vkey: app.log_verifier.vkey(),
        size: checkpoint.size,
    })
}

/// A bot's own entry. To a bot, one of somebody else and one that is not there look the same.
async fn own_entry(app: &App, peer: &Peer, index: u64) -> Result<Option<String>, ApiError> {
    if peer.role() != Role::Bot {
        return Ok(None);
    }
    let rows = app.db.entries(index, 1).await?;
    let row = rows.into_iter().find(|row| row.index == index);
    let own = row.filter(|row| {
        let entry = Entry::parse(&row.entry);
        leaf_hash(&row.entry) == row.leaf_hash
            && entry.is_ok_and(|entry| entry.actor == peer.actor().name())
    });
    let own = own.ok_or_else(|| ApiError::not_found("entry", &index.to_string()))?;
    Ok(Some(String::from_utf8_lossy(&own.entry).into_owned()))
}

pub(super) async fn proof(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<ProofQuery>,
) -> Result<Json<Proof>, ApiError> {
    let entry = match query.index {
        Some(index) => own_entry(&app, &peer, index).await?,
        None => None,
    };
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
    let stored = hashes::fetch(&*app.db, tiles).await?;
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
        entry,
    }))
}
