//! Forgets what was kept of old requests, a little at a time.
//!
//! A step is a delete that shares the next commit of the ledger: signing waits for no commit more,
//! and for one that is longer by a few hundred rows. *A crash loses the step, and the next start
//! takes it again.*

use std::sync::Arc;
use std::time::Duration;

use countersign_intent::Span;
use countersign_store::ledger::{Ledger, LedgerError};
use countersign_store::{Store, StoreError};

use crate::clock::Clock;
use crate::phase::{CurrentPhase, Phase};

/// Messages forgotten in one step.
const STEP: u32 = 256;

/// How often somebody looks whether there is anything to forget.
const EVERY: Duration = Duration::from_secs(60);

/// How long to wait after a step that found enough to do.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
enum RetentionError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// How long what was asked is kept, and what takes it away.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Retention {
    /// How long.
    pub keep: Span,
    /// The time that counts.
    pub clock: Arc<dyn Clock>,
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The one writer.
    pub ledger: Ledger,
    /// When to end.
    pub phase: Arc<CurrentPhase>,
}

/// Forgets until the appliance halts.
pub async fn watch(retention: Arc<Retention>) {
    let mut wait = Duration::ZERO;
    while retention.phase.get() != Phase::Halted {
        tokio::time::sleep(PAUSE).await;
        wait = wait.saturating_sub(PAUSE);
        if !wait.is_zero() {
            continue;
        }
        match step(&retention).await {
            Ok(true) => {}
            Ok(false) => wait = EVERY,
            Err(error) => {
                tracing::warn!(%error, "what was kept of old requests was not forgotten yet");
                wait = EVERY;
            }
        }
    }
}

/// One step; says if it found anything.
async fn step(retention: &Retention) -> Result<bool, RetentionError> {
    let keep = retention.keep;
    let before = retention.clock.now().saturating_sub(keep);
    let Some(through) = retention.db.forgettable(before, STEP).await? else {
        return Ok(false);
    };
    retention.ledger.forget(through).await?;
    Ok(true)
}
