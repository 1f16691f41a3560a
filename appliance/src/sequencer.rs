//! Signs the head of the log while it grows, and renews the token's own memory of it.
//!
//! It never stands in the way of a trade; what leaves a wallet is signed once the token remembers its
//! entry. A checkpoint is signed only if the log provably extends
//! the last one. *A crash between signing and storing a checkpoint loses the note alone: the next
//! one covers the same entries.*

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::checkpoint::{Checkpoint, extends};
use countersign_audit::{Frontier, LogKey, proof, tiles_for_frontier};
use countersign_hsm::{Consequence, KeyRef};
use countersign_intent::Span;
use countersign_store::ledger::Ledger;
use countersign_store::{CheckpointRow, Store, StoreError};

use crate::anchor::{self, Seen};
use crate::anchoring::{Anchoring, Left};
use crate::clock::Clock;
use crate::device::{DeskError, DeviceDesk};
use crate::hashes::fetch;
use crate::phase::{CurrentPhase, Phase};

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

/// What the head of the log is signed with, and remembered by.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Sequencer {
    /// How often the head is signed at most.
    pub checkpoint_every: Span,
    /// How often the token's memory is renewed.
    pub anchor_every: Span,
    /// The time that counts.
    pub clock: Arc<dyn Clock>,
    /// When to sign the last head, and what ends where the token is another run's.
    pub phase: Arc<CurrentPhase>,
    /// The one writer.
    pub ledger: Ledger,
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The thread that signs.
    pub desk: DeviceDesk,
    /// The log key on the token.
    pub log_key: KeyRef,
    /// The log key as verifiers know it.
    pub log_verifier: LogKey,
    /// Whether the token's memory of the log is renewed.
    pub anchoring: Arc<Anchoring>,
}

/// Runs until the appliance halts, then signs the last head.
pub async fn run(sequencer: Arc<Sequencer>) {
    let every = Duration::from_micros(sequencer.checkpoint_every.micros().max(1_000));
    loop {
        let halted = sequencer.phase.get() == Phase::Halted;
        step(&sequencer, halted).await;
        if halted {
            return;
        }
        tokio::time::sleep(every).await;
    }
}

async fn step(sequencer: &Sequencer, last: bool) {
    let _turn = sequencer.anchoring.turn().await;
    advance(sequencer, last).await;
}

/// Waits until the token remembers the log up to this entry, so that whoever sets the database back to
/// before it finds no start, however this run ends. Those who wait together wait for one renewal.
pub async fn cover(sequencer: &Sequencer, index: u64) {
    let size = index.saturating_add(1);
    if sequencer.anchoring.covers(size) {
        return;
    }
    let _turn = sequencer.anchoring.turn().await;
    if !sequencer.anchoring.covers(size) {
        advance(sequencer, true).await;
    }
}

/// Signs the head and renews the token's memory if that is due, or at once.
async fn advance(sequencer: &Sequencer, at_once: bool) {
    match sign_head(sequencer).await {
        Ok(Some(checkpoint)) => {
            if let Err(error) = anchor(sequencer, &checkpoint, at_once).await {
                tracing::error!(%error, "the token's memory of the log was not renewed");
                not_renewed(sequencer, &error, left_by(&error));
            }
        }
        Ok(None) => {}
        Err(error) => {
            not_renewed(sequencer, &error, Left::Nothing);
            metrics::counter!("countersign_checkpoint_failures_total").increment(1);
            tracing::error!(%error, "the log's head was not signed");
        }
    }
}

fn not_renewed(sequencer: &Sequencer, error: &impl std::fmt::Display, left: Left) {
    let now = sequencer.clock.monotonic();
    sequencer.anchoring.failed(now, error.to_string(), left);
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
pub async fn sign_head(sequencer: &Sequencer) -> Result<Option<Checkpoint>, SequenceError> {
    let head = *sequencer.ledger.head().borrow();
    let last = last_checkpoint(sequencer).await?;
    if last.as_ref().is_some_and(|last| last.size >= head.size) || head.size == 0 {
        return Ok(last);
    }
    let old = last.as_ref().map_or(0, |last| last.size);
    let mut tiles = tiles_for_frontier(head.size);
    tiles.extend(proof::tiles_for_consistency(old, head.size));
    let hashes = fetch(&*sequencer.db, tiles).await?;
    let tree = Frontier::load(&hashes, head.size)
        .map_err(|error| SequenceError::Log(error.to_string()))?;
    if tree.root() != head.root {
        return Err(SequenceError::Log(
            "the stored tree differs from the log that was written; restore the database from a \
             backup"
                .to_owned(),
        ));
    }
    let next = extends(&sequencer.log_verifier, last.as_ref(), &tree, &hashes)
        .map_err(|error| SequenceError::Log(error.to_string()))?;
    let body = next.checkpoint().body().into_bytes();
    let signature = sequencer.desk.sign(sequencer.log_key.clone(), body).await?;
    let signed = next
        .sign(&sequencer.log_verifier, |_| {
            Ok::<_, DeskError>(*signature.as_bytes())
        })
        .map_err(|error| SequenceError::Log(error.to_string()))?;
    let row = CheckpointRow {
        size: signed.checkpoint.size,
        note: signed.note,
        at: sequencer.clock.now(),
    };
    sequencer.ledger.put_checkpoint(row).await?;
    metrics::gauge!("countersign_checkpoint_size").set(gauge(signed.checkpoint.size));
    Ok(Some(signed.checkpoint))
}

/// The last signed checkpoint, its signature checked.
///
/// # Errors
/// A note that this log's key did not sign.
pub async fn last_checkpoint(sequencer: &Sequencer) -> Result<Option<Checkpoint>, SequenceError> {
    let rows = sequencer.db.checkpoints(None, 1).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Checkpoint::open(row.note.as_bytes(), &sequencer.log_verifier)
        .map(Some)
        .map_err(|error| SequenceError::Log(format!("a stored checkpoint is not genuine: {error}")))
}

/// Lets the token remember the head, and looks whether it remembers this run's still.
async fn anchor(
    sequencer: &Sequencer,
    checkpoint: &Checkpoint,
    last: bool,
) -> Result<(), DeskError> {
    // Not the wall clock: time may stand still.
    let now = sequencer.clock.monotonic();
    let every = Duration::from_micros(sequencer.anchor_every.micros());
    let anchoring = &sequencer.anchoring;
    if anchoring.is_due(now, every, checkpoint.size, last) {
        let seen = match anchoring.trying(checkpoint.size, checkpoint.root.0) {
            Some((held, next)) => anchor::renew(&sequencer.desk, held, next).await?,
            None => Seen::Own,
        };
        if believed(sequencer, seen) {
            anchoring.renewed(now, checkpoint.size);
        }
    } else if let Some(held) = anchoring.to_look_at(now, every, checkpoint.size) {
        let seen = anchor::look(&sequencer.desk, held).await?;
        if believed(sequencer, seen) {
            anchoring.looked(now, checkpoint.size);
        }
    }
    Ok(())
}

/// Whether what the token remembers is this run's own. Somebody else's ends this one.
fn believed(sequencer: &Sequencer, seen: Seen) -> bool {
    match seen {
        Seen::Own => return true,
        Seen::Gone => not_renewed(sequencer, &GONE, Left::Nothing),
        Seen::Others(found) => {
            sequencer.phase.set(Phase::Halted);
            let why = sequencer.anchoring.lost_to(found);
            tracing::error!("{why}");
        }
    }
    false
}

/// Writes this run into the token's memory, before anything is signed: from here on another one that
/// runs on the same token finds it there, and ends.
///
/// # Errors
/// Somebody else wrote it since this run looked at it.
pub async fn claim(sequencer: &Sequencer, checkpoint: &Checkpoint) -> Result<(), SequenceError> {
    if let Err(error) = anchor(sequencer, checkpoint, false).await {
        tracing::error!(%error, "the token's memory of the log was not renewed: nothing is signed until it is");
        not_renewed(sequencer, &error, left_by(&error));
    }
    match sequencer.anchoring.lost() {
        Some(why) => Err(SequenceError::Log(why)),
        None => Ok(()),
    }
}

const GONE: &str = "it is not on the token any more; find out who removed it, then restart: the next start \
                    tells of it";

#[allow(clippy::cast_precision_loss, reason = "a gauge shows magnitudes")]
fn gauge(size: u64) -> f64 {
    size as f64
}
