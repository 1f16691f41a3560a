//! What is kept in memory of the rows that grant power, read at the start, and again whenever a
//! commit may have been done without anybody being told: a policy, an approver or a revocation that
//! is in the database counts, also where its answer was lost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::approvers::Approvers;
use crate::certificates::{self, CertificateService};
use crate::freezes::Freezes;
use crate::governance::open_changes::OpenChanges;
use crate::phase::{CurrentPhase, Phase};
use crate::policies::Policies;
use crate::prices::Prices;
use crate::records::{CacheError, Cached, Records};
use crate::registrations::Registrations;
use crate::tables::Tables;
use crate::venues::Venues;

/// How often it is tried again, and looked whether the appliance stops.
const STEP: Duration = Duration::from_millis(250);

/// Everything that is kept.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Reload {
    /// The rows.
    pub records: Arc<Records>,
    /// When to end.
    pub phase: Arc<CurrentPhase>,
    /// What is kept of them, in the order in which it is read.
    pub kept: Vec<Arc<dyn Cached>>,
}

/// Reads all of it.
///
/// # Errors
/// Records that cannot be read, or are not what was written.
pub async fn read(reload: &Reload) -> Result<(), CacheError> {
    for cached in &reload.kept {
        cached.reload(&reload.records).await?;
    }
    Ok(())
}

/// Reads it again after every doubt, until it succeeds; ends when the appliance stops.
pub async fn watch(reload: Arc<Reload>) {
    let mut doubts = reload.records.doubts();
    let mut doubted = false;
    while reload.phase.get() != Phase::Halted {
        let changed = tokio::time::timeout(STEP, doubts.changed()).await;
        doubted |= matches!(changed, Ok(Ok(())));
        if !doubted {
            continue;
        }
        // Nobody writes meanwhile, so that nothing newer is overwritten.
        let turn = reload.records.turn().await;
        let done = read(&reload).await;
        drop(turn);
        match done {
            Ok(()) => doubted = false,
            Err(error) => {
                tracing::error!(%error, "what is kept of the database cannot be read again");
            }
        }
    }
}

/// Caches whose records say all that is needed to read them.
macro_rules! cached {
    ($($cache:ty),* $(,)?) => {
        $(impl Cached for $cache {
            fn reload<'a>(&'a self, records: &'a Records) -> BoxFuture<'a, Result<(), CacheError>> {
                async move { Ok(self.load(records).await?) }.boxed()
            }
        })*
    };
}

cached!(
    Freezes,
    Prices,
    Registrations,
    Tables,
    Policies,
    Approvers,
    Venues,
    OpenChanges,
);

impl Cached for CertificateService {
    fn reload<'a>(&'a self, records: &'a Records) -> BoxFuture<'a, Result<(), CacheError>> {
        async move {
            certificates::load(records, &self.register, self.clock.now()).await?;
            Ok(certificates::load_blocks(records, &self.register).await?)
        }
        .boxed()
    }
}
