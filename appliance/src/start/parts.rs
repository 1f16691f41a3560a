//! What the parts of an appliance share, and the parts that need nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::{Opened, StartError, load_authority, log_key};
use crate::anchoring::Anchoring;
use crate::approvers::Approvers;
use crate::auto_freeze::AutoFreeze;
use crate::certificates::{CertificateService, Waiting};
use crate::clock::{Clock, ClockWatch};
use crate::config::Config;
use crate::freezes::{FreezeRecorder, Freezes};
use crate::governance::open_changes::OpenChanges;
use crate::health::{Health, HealthChecks};
use crate::holds::Holds;
use crate::identity::{Authority, Register};
use crate::journal::Journal;
use crate::log_check::LogCheck;
use crate::phase::CurrentPhase;
use crate::policies::Policies;
use crate::prices::Prices;
use crate::registrations::Registrations;
use crate::reload::Reload;
use crate::requests::Requests;
use crate::retention::Retention;
use crate::second_factor;
use crate::second_factor::{SecondFactors, Secrets};
use crate::sequencer::Sequencer;
use crate::sign::Vouchers;
use crate::tables::Tables;
use crate::venue::Sources;
use crate::venues::Venues;
use crate::wallets::Directory;

/// What is kept in memory of the rows that grant power.
pub(super) struct Caches {
    pub(super) policies: Arc<Policies>,
    pub(super) approvers: Arc<Approvers>,
    pub(super) open_changes: Arc<OpenChanges>,
    pub(super) prices: Arc<Prices>,
    pub(super) registrations: Arc<Registrations>,
    pub(super) tables: Arc<Tables>,
    pub(super) freezes: Arc<Freezes>,
    pub(super) venues: Arc<Venues>,
}

impl Caches {
    pub(super) fn empty(clock: &Arc<dyn Clock>) -> Self {
        Self {
            policies: Arc::default(),
            approvers: Arc::default(),
            open_changes: Arc::new(OpenChanges::new(Arc::clone(clock))),
            prices: Arc::default(),
            registrations: Arc::default(),
            tables: Arc::default(),
            freezes: Arc::default(),
            venues: Arc::default(),
        }
    }

    pub(super) fn reload(
        &self,
        certificates: &Arc<CertificateService>,
        parts: &Basics,
    ) -> Arc<Reload> {
        Arc::new(Reload {
            records: Arc::clone(&parts.opened.records),
            phase: Arc::clone(&parts.phase),
            kept: vec![
                Arc::clone(certificates) as _,
                Arc::clone(&self.freezes) as _,
                Arc::clone(&self.prices) as _,
                Arc::clone(&self.registrations) as _,
                Arc::clone(&self.tables) as _,
                Arc::clone(&self.policies) as _,
                Arc::clone(&self.approvers) as _,
                Arc::clone(&self.venues) as _,
                Arc::clone(&self.open_changes) as _,
            ],
        })
    }
}

/// What nearly every part stands on.
pub(super) struct Basics {
    pub(super) opened: Opened,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) phase: Arc<CurrentPhase>,
    pub(super) journal: Journal,
    pub(super) anchoring: Arc<Anchoring>,
}

impl Basics {
    pub(super) fn of(config: &Config, opened: Opened) -> Self {
        let clock: Arc<dyn Clock> = opened.timekeeper.clone();
        let grace = Duration::from_micros(config.log.anchor_grace.micros());
        Self {
            phase: Arc::new(CurrentPhase::sealed()),
            journal: Journal::new(Arc::clone(&clock)),
            anchoring: Arc::new(Anchoring::new(grace)),
            opened,
            clock,
        }
    }

    fn certificates(
        &self,
        config: &Config,
        authority: Arc<Authority>,
        caches: &Caches,
    ) -> Arc<CertificateService> {
        Arc::new(CertificateService {
            authority,
            register: Arc::new(Register::new()),
            blocks: Waiting::default(),
            records: Arc::clone(&self.opened.records),
            journal: self.journal.clone(),
            clock: Arc::clone(&self.clock),
            approvers: Arc::clone(&caches.approvers),
            policies: Arc::clone(&caches.policies),
            longest_renewal: config.certificates.client,
        })
    }

    async fn second_factors(&self, config: &Config) -> Result<Arc<SecondFactors>, StartError> {
        let parts = second_factor::Parts {
            on: config.second_factor(),
            trust_domain: config.trust_domain.clone(),
            records: Arc::clone(&self.opened.records),
            ledger: self.opened.ledger.clone(),
            journal: self.journal.clone(),
            timekeeper: Arc::clone(&self.opened.timekeeper),
        };
        let secrets = Secrets::open(&self.opened.desk).await?;
        Ok(Arc::new(SecondFactors::new(secrets, parts)))
    }

    pub(super) fn sequencer(&self, config: &Config) -> Result<Arc<Sequencer>, StartError> {
        let (log_key, log_verifier) = log_key(config, &self.opened.keys)?;
        Ok(Arc::new(Sequencer {
            checkpoint_every: config.log.checkpoint_every,
            anchor_every: config.log.anchor_every,
            clock: Arc::clone(&self.clock),
            phase: Arc::clone(&self.phase),
            ledger: self.opened.ledger.clone(),
            db: Arc::clone(&self.opened.db),
            desk: self.opened.desk.clone(),
            log_key,
            log_verifier,
            anchoring: Arc::clone(&self.anchoring),
        }))
    }

    pub(super) fn clock_watch(&self) -> Arc<ClockWatch> {
        Arc::new(ClockWatch {
            timekeeper: Arc::clone(&self.opened.timekeeper),
            records: Arc::clone(&self.opened.records),
            journal: self.journal.clone(),
            phase: Arc::clone(&self.phase),
        })
    }

    pub(super) fn health_checks(&self, config: &Config, shared: &Shared) -> Arc<HealthChecks> {
        Arc::new(HealthChecks {
            health: Arc::new(Health::default()),
            phase: Arc::clone(&self.phase),
            roles: config.custody.roles(),
            device: Arc::clone(&self.opened.device),
            keys: self.opened.keys.clone(),
            desk: self.opened.desk.clone(),
            db: Arc::clone(&self.opened.db),
            ledger: self.opened.ledger.clone(),
            clock: Arc::clone(&self.clock),
            timekeeper: Arc::clone(&self.opened.timekeeper),
            anchoring: Arc::clone(&self.anchoring),
            freezes: Arc::clone(&shared.freeze_recorder),
            certificates: Arc::clone(&shared.certificates),
        })
    }

    pub(super) fn log_check(&self) -> Arc<LogCheck> {
        Arc::new(LogCheck {
            db: Arc::clone(&self.opened.db),
            ledger: self.opened.ledger.clone(),
            clock: Arc::clone(&self.clock),
            phase: Arc::clone(&self.phase),
        })
    }

    pub(super) fn retention(&self, config: &Config) -> Arc<Retention> {
        Arc::new(Retention {
            keep: config.store.keep_messages,
            clock: Arc::clone(&self.clock),
            db: Arc::clone(&self.opened.db),
            ledger: self.opened.ledger.clone(),
            phase: Arc::clone(&self.phase),
        })
    }
}

/// Parts that governance and the walk of a request share.
pub(super) struct Shared {
    pub(super) certificates: Arc<CertificateService>,
    pub(super) second_factors: Arc<SecondFactors>,
    pub(super) freeze_recorder: Arc<FreezeRecorder>,
    pub(super) auto_freeze: Arc<AutoFreeze>,
    pub(super) sources: Arc<Sources>,
    pub(super) vouchers: Arc<Vouchers>,
    pub(super) holds: Arc<Holds>,
    pub(super) directory: Arc<Directory>,
    pub(super) requests: Requests,
}

impl Shared {
    pub(super) async fn new(
        config: &Config,
        parts: &Basics,
        caches: &Caches,
    ) -> Result<Self, StartError> {
        let authority = Arc::new(load_authority(config, &parts.opened)?);
        let freeze_recorder = Arc::new(FreezeRecorder {
            freezes: Arc::clone(&caches.freezes),
            records: Arc::clone(&parts.opened.records),
            journal: parts.journal.clone(),
            trust_domain: authority.trust_domain().clone(),
        });
        let (recorder, clock) = (Arc::clone(&freeze_recorder), Arc::clone(&parts.clock));
        let (db, ledger) = (Arc::clone(&parts.opened.db), parts.opened.ledger.clone());
        Ok(Self {
            certificates: parts.certificates(config, authority, caches),
            second_factors: parts.second_factors(config).await?,
            auto_freeze: Arc::new(AutoFreeze::new(&config.freeze, recorder, clock)),
            freeze_recorder,
            sources: Arc::new(Sources {
                policies: Arc::clone(&caches.policies),
                registrations: Arc::clone(&caches.registrations),
                tables: Arc::clone(&caches.tables),
                associated: Arc::default(),
            }),
            vouchers: Arc::new(Vouchers::open(&parts.opened.desk).await?),
            holds: Arc::new(Holds::new(config.share.pending)),
            directory: Arc::new(Directory::new(Arc::clone(&parts.opened.records))),
            requests: Requests::new(db, ledger),
        })
    }
}
