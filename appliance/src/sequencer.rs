//! Signs the head of the log while it grows, and renews the token's own memory of it.
//!
//! It never stands in a request's way. A checkpoint is signed only if the log provably extends
//! the last one. *A crash between signing and storing a checkpoint loses the note alone: the next
//! one covers the same entries.*

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::checkpoint::{Checkpoint, extends};
use countersign_audit::{Fetched, Frontier, Hash, proof, tiles_for_frontier};
use countersign_hsm::Consequence;
use countersign_store::{CheckpointRow, Store, StoreError};

use crate::anchoring::Left;
use crate::app::App;
use crate::device::{DeskError, DeviceDesk};
use crate::phase::Phase;

/// Why no checkpoint was signed.
#[derive(Debug, thiserror::Error)]
pub enum SequenceError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] countersign_store::ledger::LedgerError),
    /// The HSM.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The log does not extend what was signed before, or the signature is wrong.
    #[error("{0}")]
    Log(String),
}

/// Runs until the appliance halts, then signs the last head.
pub async fn run(app: Arc<App>) {
    let every = Duration::from_micros(app.config.log.checkpoint_every.micros().max(1_000));
    loop {
        let halted = app.phase.get() == Phase::Halted;
        step(&app, halted).await;
        if halted {
            return;
        }
        tokio::time::sleep(every).await;
    }
}

async fn step(app: &App, last: bool) {
    match sign_head(app).await {
        Ok(Some(checkpoint)) => {
            if let Err(error) = anchor(app, &checkpoint, last).await {
                tracing::error!(%error, "the token's memory of the log was not renewed");
                not_renewed(app, &error, left_by(&error));
            }
        }
        Ok(None) => {}
        Err(error) => {
            not_renewed(app, &error, Left::Nothing);
            metrics::counter!("countersign_checkpoint_failures_total").increment(1);
            tracing::error!(%error, "the log's head was not signed");
        }
    }
}

fn not_renewed(app: &App, error: &impl std::fmt::Display, left: Left) {
    let now = app.clock.monotonic();
    app.anchoring.failed(now, error.to_string(), left);
}

fn left_by(error: &DeskError) -> Left {
    match error {
        DeskError::Device(error) if error.consequence() != Consequence::NotSent => Left::Something,
        DeskError::Device(_) | DeskError::Busy | DeskError::Ended | DeskError::Lacking(_) => {
            Left::Nothing
        }
    }
}

/// Signs the head if the log has grown since the last checkpoint.
///
/// # Errors
/// A log that does not extend the last checkpoint; a store or HSM that does not answer.
pub async fn sign_head(app: &App) -> Result<Option<Checkpoint>, SequenceError> {
    let head = *app.ledger.head().borrow();
    let last = last_checkpoint(app).await?;
    if last.as_ref().is_some_and(|last| last.size >= head.size) || head.size == 0 {
        return Ok(last);
    }
    let old = last.as_ref().map_or(0, |last| last.size);
    let mut tiles = tiles_for_frontier(head.size);
    tiles.extend(proof::tiles_for_consistency(old, head.size));
    let hashes = fetch(&app.db, tiles).await?;
    let tree = Frontier::load(&hashes, head.size)
        .map_err(|error| SequenceError::Log(error.to_string()))?;
    if tree.root() != head.root {
        return Err(SequenceError::Log(
            "the stored tree differs from the log that was written; restore the database from a \
             backup"
                .to_owned(),
        ));
    }
    let next = extends(&app.log_verifier, last.as_ref(), &tree, &hashes)
        .map_err(|error| SequenceError::Log(error.to_string()))?;
    let body = next.checkpoint().body().into_bytes();
    let signature = app.desk.sign(app.log_key.clone(), body).await?;
    let signed = next
        .sign(&app.log_verifier, |_| {
            Ok::<_, DeskError>(*signature.as_bytes())
        })
        .map_err(|error| SequenceError::Log(error.to_string()))?;
    let row = CheckpointRow {
        size: signed.checkpoint.size,
        note: signed.note,
        at: app.clock.now(),
    };
    app.ledger.put_checkpoint(row).await?;
    metrics::gauge!("countersign_checkpoint_size").set(gauge(signed.checkpoint.size));
    Ok(Some(signed.checkpoint))
}

/// The last signed checkpoint, its signature checked.
///
/// # Errors
/// A note that this log's key did not sign.
pub async fn last_checkpoint(app: &App) -> Result<Option<Checkpoint>, SequenceError> {
    let rows = app.db.checkpoints(None, 1).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Checkpoint::open(row.note.as_bytes(), &app.log_verifier)
        .map(Some)
        .map_err(|error| SequenceError::Log(format!("a stored checkpoint is not genuine: {error}")))
}

/// Reads stored hashes.
///
/// # Errors
/// A database that does not answer.
pub async fn fetch(
    db: &crate::Db,
    tiles: Vec<countersign_audit::Tile>,
) -> Result<Fetched, StoreError> {
    let mut fetched = Fetched::default();
    for tile in tiles {
        let hashes: Vec<Hash> = db.hashes(tile.level, tile.first(), tile.width).await?;
        fetched.insert(tile, hashes);
    }
    Ok(fetched)
}

/// What the token remembers: size and root of a signed head.
fn anchor_value(size: u64, root: &[u8; 32]) -> Vec<u8> {
    let mut value = size.to_be_bytes().to_vec();
    value.extend_from_slice(root);
    value
}

/// Lets the token remember size and root of the log, where it can.
///
/// # Errors
/// A token that does not answer.
pub async fn remember(desk: &DeviceDesk, size: u64, root: &[u8; 32]) -> Result<(), DeskError> {
    let value = anchor_value(size, root);
    desk.run(move |desk| match desk.anchor.as_mut() {
        Some(anchor) => Ok(anchor.write(&value)?),
        None => Ok(()),
    })
    .await
}

async fn anchor(app: &App, checkpoint: &Checkpoint, last: bool) -> Result<(), DeskError> {
    // Not the wall clock: time may stand still.
    let now = app.clock.monotonic();
    let every = Duration::from_micros(app.config.log.anchor_every.micros());
    if !app.anchoring.is_due(now, every, checkpoint.size, last) {
        return Ok(());
    }
    remember(&app.desk, checkpoint.size, &checkpoint.root.0).await?;
    app.anchoring.renewed(now, checkpoint.size);
    Ok(())
}

/// What the token's own memory of the log said at a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnchorFound {
    /// The log is what it remembers, or grew out of it.
    Checked,
    /// It should be there, and is not: an older database would not be noticed.
    Missing,
    /// The token keeps none.
    None,
}

impl AnchorFound {
    /// The word in the `start` entry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checked => "checked",
            Self::Missing => "missing",
            Self::None => "none",
        }
    }
}

/// Refuses a log that is older than, or differs from, what the token remembers.
///
/// # Errors
/// A log that is shorter or has another root at the remembered size; a store or HSM that does not
/// answer.
pub async fn check_anchor(app: &App) -> Result<AnchorFound, SequenceError> {
    let remembered = app
        .desk
        .run(|desk| match desk.anchor.as_mut() {
            Some(anchor) => Ok(Some(anchor.read()?)),
            None => Ok(None),
        })
        .await?;
    let remembered = match remembered {
        Some(Some(remembered)) => remembered,
        Some(None) => {
            tracing::error!(
                "the token remembers nothing of the log: an older database would not be noticed; find \
                 out who removed its memory"
            );
            return Ok(AnchorFound::Missing);
        }
        None => return Ok(AnchorFound::None),
    };
    let refused = |why: String| {
        Err(SequenceError::Log(format!(
            "{why}; this database is older than the token's memory of it, or another one: find \
             the newest copy, and never continue from a backup without the runbook in `deploy`"
        )))
    };
    let Some((size, root)) = remembered.split_at_checked(8) else {
        return refused("the token's memory of the log has another shape".to_owned());
    };
    let size = size.try_into().map(u64::from_be_bytes).unwrap_or(u64::MAX);
    let head = *app.ledger.head().borrow();
    if head.size < size {
        return refused(format!(
            "the token remembers {size} log entries, {} are here",
            head.size
        ));
    }
    let hashes = fetch(&app.db, tiles_for_frontier(size)).await?;
    let tree =
        Frontier::load(&hashes, size).map_err(|error| SequenceError::Log(error.to_string()))?;
    if tree.root().0 != *root {
        return refused(format!(
            "the log's first {size} entries are not those the token knows"
        ));
    }
    Ok(AnchorFound::Checked)
}

#[allow(clippy::cast_precision_loss, reason = "a gauge shows magnitudes")]
fn gauge(size: u64) -> f64 {
    size as f64
}
