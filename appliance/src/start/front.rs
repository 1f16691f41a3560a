//! The whole of it, for those who take requests.

use std::sync::Arc;
use std::thread::JoinHandle;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use super::parts::{Basics, Caches, Shared};
use crate::app::App;
use crate::clock::ClockWatch;
use crate::config::Config;
use crate::governance::Governance;
use crate::health::Health;
use crate::http::Replays;
use crate::rates::Rates;
use crate::sequencer::Sequencer;
use crate::shares::{Share, Shares};
use crate::sign::Signers;
use crate::wallets::sealed::Recipient;

/// Changes under way of all who do not stop others; each is finished even where its client hung up.
const CHANGING_OF_OTHERS: usize = 1024;

/// Changes of one principal: few enough that others' come in between, on a token that takes one
/// after the other.
const CHANGING: Share = Share {
    acting: 32,
    waiting: 1024,
};

/// Sign requests of one principal: more than one token keeps up with, and a small part of what may
/// wait for a signing thread.
const SIGNING: Share = Share {
    acting: 256,
    waiting: 8192,
};

/// What only `http` and the walk of a request use.
pub(super) struct Front {
    pub(super) governance: Arc<Governance>,
    pub(super) sequencer: Arc<Sequencer>,
    pub(super) clock_watch: Arc<ClockWatch>,
    pub(super) health: Arc<Health>,
    pub(super) recipient: Option<Recipient>,
    pub(super) signers: Signers,
    pub(super) metrics: PrometheusHandle,
}

/// All of it in one, and the token's thread.
pub(super) fn app(
    config: Config,
    parts: Basics,
    caches: Caches,
    shared: Shared,
    front: Front,
) -> (App, JoinHandle<()>) {
    let app = App {
        changing: Shares::new(CHANGING),
        changing_of_others: Arc::new(Semaphore::new(CHANGING_OF_OTHERS)),
        signing: Shares::new(SIGNING),
        unsigned: Rates::new(config.share.unsigned()),
        changes: Rates::new(config.share.changes()),
        replays: Replays::default(),
        governance: front.governance,
        log_verifier: front.sequencer.log_verifier.clone(),
        sequencer: front.sequencer,
        clock_watch: front.clock_watch,
        health: front.health,
        recipient: front.recipient,
        signers: front.signers,
        metrics: front.metrics,
        authority: Arc::clone(&shared.certificates.authority),
        register: Arc::clone(&shared.certificates.register),
        certificates: shared.certificates,
        second_factors: shared.second_factors,
        freeze_recorder: shared.freeze_recorder,
        auto_freeze: shared.auto_freeze,
        sources: shared.sources,
        vouchers: shared.vouchers,
        holds: shared.holds,
        directory: shared.directory,
        requests: shared.requests,
        policies: caches.policies,
        approvers: caches.approvers,
        open_changes: caches.open_changes,
        prices: caches.prices,
        registrations: caches.registrations,
        tables: caches.tables,
        freezes: caches.freezes,
        venues: caches.venues,
        device: parts.opened.device,
        desk: parts.opened.desk,
        db: parts.opened.db,
        ledger: parts.opened.ledger,
        records: parts.opened.records,
        timekeeper: parts.opened.timekeeper,
        phase: parts.phase,
        clock: parts.clock,
        journal: parts.journal,
        anchoring: parts.anchoring,
        config,
    };
    (app, parts.opened.desk_thread)
}
