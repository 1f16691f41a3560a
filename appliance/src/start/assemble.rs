//! The parts of an appliance, each with what it uses.

use std::sync::Arc;
use std::thread::JoinHandle;

use metrics_exporter_prometheus::PrometheusHandle;

use super::front::{Front, app};
use super::parts::{Basics, Caches, Shared};
use super::{Opened, StartError, workers};
use crate::app::App;
use crate::config::Config;
use crate::governance::{Governance, held};
use crate::health::HealthChecks;
use crate::log_check::LogCheck;
use crate::reload;
use crate::reload::Reload;
use crate::retention::Retention;
use crate::sign::{SignerThreads, Signers};
use crate::wallets::sealed::Recipient;

/// Signatures that may wait for a signing thread.
const SIGNING_QUEUE: usize = 4096;

/// Threads that end when nobody holds the appliance any more.
pub(crate) struct Threads {
    signers: SignerThreads,
    desk: JoinHandle<()>,
}

impl Threads {
    /// Waits for the threads, once nobody holds the appliance any more.
    pub(crate) fn join(self) {
        self.signers.join();
        let _panicked = self.desk.join();
    }
}

/// Parts that run by themselves, and that nobody asks.
pub(crate) struct Background {
    pub(super) health_checks: Arc<HealthChecks>,
    pub(super) log_check: Arc<LogCheck>,
    pub(super) retention: Arc<Retention>,
    pub(crate) reload: Arc<Reload>,
}

fn governance(
    config: &Config,
    parts: &Basics,
    caches: &Caches,
    shared: &Shared,
) -> Arc<Governance> {
    Arc::new(Governance {
        trust_domain: config.trust_domain.clone(),
        most_open: config.share.open_changes,
        clock: Arc::clone(&parts.clock),
        timekeeper: Arc::clone(&parts.opened.timekeeper),
        phase: Arc::clone(&parts.phase),
        desk: parts.opened.desk.clone(),
        db: Arc::clone(&parts.opened.db),
        ledger: parts.opened.ledger.clone(),
        records: Arc::clone(&parts.opened.records),
        journal: parts.journal.clone(),
        requests: shared.requests.clone(),
        holds: Arc::clone(&shared.holds),
        vouchers: Arc::clone(&shared.vouchers),
        sources: Arc::clone(&shared.sources),
        policies: Arc::clone(&caches.policies),
        prices: Arc::clone(&caches.prices),
        approvers: Arc::clone(&caches.approvers),
        open_changes: Arc::clone(&caches.open_changes),
        register: Arc::clone(&shared.certificates.register),
        certificates: Arc::clone(&shared.certificates),
        second_factors: Arc::clone(&shared.second_factors),
        freezes: Arc::clone(&caches.freezes),
        auto_freeze: Arc::clone(&shared.auto_freeze),
        directory: Arc::clone(&shared.directory),
        registrations: Arc::clone(&caches.registrations),
        venues: Arc::clone(&caches.venues),
    })
}

/// Puts an appliance together from what was opened, and reads what is kept in memory.
pub(crate) async fn assemble(
    config: Config,
    opened: Opened,
    metrics: PrometheusHandle,
) -> Result<(Arc<App>, Threads, Background), StartError> {
    let parts = Basics::of(&config, opened);
    let caches = Caches::empty(&parts.clock);
    let (signers, signer_threads) = Signers::start(
        &parts.opened.device,
        workers(&config),
        SIGNING_QUEUE,
        config.deadline(),
        &parts.clock,
    )?;
    let shared = Shared::new(&config, &parts, &caches).await?;
    let background = Background {
        health_checks: parts.health_checks(&config, &shared),
        log_check: parts.log_check(),
        retention: parts.retention(&config),
        reload: caches.reload(&shared.certificates, &parts),
    };
    let front = Front {
        governance: governance(&config, &parts, &caches, &shared),
        sequencer: parts.sequencer(&config)?,
        clock_watch: parts.clock_watch(),
        health: Arc::clone(&background.health_checks.health),
        recipient: Recipient::of(&parts.opened.desk, config.custody.import).await?,
        signers,
        metrics,
    };
    reload::read(&background.reload).await?;
    shared.certificates.register.assume_used();
    held::count_waiting(&front.governance).await?;
    let (app, desk) = app(config, parts, caches, shared, front);
    let threads = Threads {
        signers: signer_threads,
        desk,
    };
    Ok((Arc::new(app), threads, background))
}
