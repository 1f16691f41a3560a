//! What is kept in memory of the rows that grant power, read at the start, and again whenever a
//! commit may have been done without anybody being told: a policy, an approver or a revocation that
//! is in the database counts, also where its answer was lost.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::certificates;
use crate::governance::GovernError;
use crate::phase::Phase;

/// How often it is tried again, and looked whether the appliance stops.
const STEP: Duration = Duration::from_millis(250);

/// Reads all of it.
///
/// # Errors
/// Records that cannot be read, or are not what was written.
pub async fn read(app: &App) -> Result<(), GovernError> {
    certificates::load(&app.records, &app.register, app.clock.now()).await?;
    certificates::load_blocks(&app.records, &app.register).await?;
    app.freezes.load(&app.records).await?;
    app.prices.load(&app.records).await?;
    app.registrations.load(&app.records).await?;
    app.tables.load(&app.records).await?;
    app.policies.load(&app.records).await?;
    app.approvers.load(&app.records).await?;
    app.venues.load(&app.records).await?;
    app.open_changes.load(app).await
}

/// Reads it again after every doubt, until it succeeds; ends when the appliance stops.
pub async fn watch(app: Arc<App>) {
    let mut doubts = app.records.doubts();
    let mut doubted = false;
    while app.phase.get() != Phase::Halted {
        let changed = tokio::time::timeout(STEP, doubts.changed()).await;
        doubted |= matches!(changed, Ok(Ok(())));
        if !doubted {
            continue;
        }
        // Nobody writes meanwhile, so that nothing newer is overwritten.
        let turn = app.records.turn().await;
        let done = read(&app).await;
        drop(turn);
        match done {
            Ok(()) => doubted = false,
            Err(error) => {
                tracing::error!(%error, "what is kept of the database cannot be read again");
            }
        }
    }
}
