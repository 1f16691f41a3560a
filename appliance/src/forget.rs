//! Forgets what was kept of old requests, a little at a time.
//!
//! A step is a delete that shares the next commit of the ledger: signing waits for no commit more,
//! and for one that is longer by a few hundred rows. *A crash loses the step, and the next start
//! takes it again.*

use std::sync::Arc;
use std::time::Duration;

use countersign_store::StoreError;
use countersign_store::ledger::LedgerError;

use crate::app::App;
use crate::phase::Phase;

/// Messages forgotten in one step.
const STEP: u32 = 256;

/// How often somebody looks whether there is anything to forget.
const EVERY: Duration = Duration::from_secs(60);

/// How long to wait after a step that found enough to do.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, thiserror::Error)]
enum ForgetError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Forgets until the appliance halts.
pub async fn watch(app: Arc<App>) {
    let mut wait = Duration::ZERO;
    while app.phase.get() != Phase::Halted {
        tokio::time::sleep(PAUSE).await;
        wait = wait.saturating_sub(PAUSE);
        if !wait.is_zero() {
            continue;
        }
        match step(&app).await {
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
async fn step(app: &App) -> Result<bool, ForgetError> {
    let keep = app.config.store.keep_messages;
    let before = app.clock.now().saturating_sub(keep);
    let Some(through) = app.db.forgettable(before, STEP).await? else {
        return Ok(false);
    };
    app.ledger.forget(through).await?;
    Ok(true)
}
