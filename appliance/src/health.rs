//! Readiness: does every key sign, can the store be written, is the clock sane, is the log
//! current. Checked in the background, so that a probe never waits for a device.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use countersign_api::{Check, Readiness};
use countersign_hsm::canary::canary;
use countersign_hsm::ceremony::RoleKeys;
use countersign_hsm::{Device, KeyRole};
use countersign_intent::{Span, Timestamp};
use countersign_store::Store;
use countersign_store::ledger::Ledger;

use crate::anchoring::Anchoring;
use crate::certificates::{self, CertificateService};
use crate::clock::{Clock, Timekeeper};
use crate::device::DeviceDesk;
use crate::freezes::FreezeRecorder;
use crate::http::serve::Knocker;
use crate::phase::{CurrentPhase, Phase};

/// How often the checks run.
const EVERY: Duration = Duration::from_secs(5);

/// How soon the checks notice a stop.
const STEP: Duration = Duration::from_millis(50);

/// How far the signed log may lag behind before it does not count as current.
const LOG_LAG: Span = Span::from_secs(15);

/// What the last checks found.
#[derive(Debug, Default)]
pub struct Health {
    checks: RwLock<Vec<Check>>,
    /// Set once the API listens.
    knocker: OnceLock<Knocker>,
}

impl Health {
    /// What the last checks found; not ready before the first.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let checks = self.read();
        Readiness {
            ready: !checks.is_empty() && checks.iter().all(|check| check.ok),
            checks,
        }
    }

    /// The checks.
    #[must_use]
    pub fn read(&self) -> Vec<Check> {
        self.checks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Has the API's listener looked at from now on.
    pub fn knock_at(&self, knocker: Knocker) {
        let _only_one_api = self.knocker.set(knocker);
    }

    fn replace(&self, checks: Vec<Check>) {
        *self.checks.write().unwrap_or_else(PoisonError::into_inner) = checks;
    }
}

/// What is looked at, and where what was found is kept.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct HealthChecks {
    /// What the last checks found.
    pub health: Arc<Health>,
    /// Moves between `ready` and `degraded`.
    pub phase: Arc<CurrentPhase>,
    /// The keys that have to sign.
    pub roles: Vec<KeyRole>,
    /// The token.
    pub device: Arc<dyn Device>,
    /// The appliance's own keys on it.
    pub keys: RoleKeys,
    /// The thread that uses them.
    pub desk: DeviceDesk,
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The one writer.
    pub ledger: Ledger,
    /// The time that counts.
    pub clock: Arc<dyn Clock>,
    /// Whether the machine's clock is trusted.
    pub timekeeper: Arc<Timekeeper>,
    /// Whether the token's memory of the log is renewed.
    pub anchoring: Arc<Anchoring>,
    /// Freezes that could not be recorded yet are tried again after each look.
    pub freezes: Arc<FreezeRecorder>,
    /// So are blocks.
    pub certificates: Arc<CertificateService>,
}

/// Runs the checks until the appliance halts.
pub async fn watch(parts: Arc<HealthChecks>) {
    while parts.phase.get() != Phase::Halted {
        check(&parts).await;
        parts.freezes.record_waiting().await;
        certificates::record_waiting(&parts.certificates).await;
        let mut waited = Duration::ZERO;
        // In steps, so that a stop does not wait for the next checks.
        while waited < EVERY && parts.phase.get() != Phase::Halted {
            tokio::time::sleep(STEP).await;
            waited += STEP;
        }
    }
}

/// Runs the checks once and moves between `ready` and `degraded`.
pub async fn check(parts: &HealthChecks) {
    let mut checks = check_keys(parts).await;
    checks.push(check_store(parts).await);
    checks.push(check_clock(parts));
    checks.push(check_log(parts).await);
    if let Some(knocker) = parts.health.knocker.get() {
        checks.push(outcome("api", knocker.knock().await));
    }
    checks.push(outcome(
        "anchor",
        parts.anchoring.trouble().map_or(Ok(()), Err),
    ));
    note_restarts(parts);
    for check in checks.iter().filter(|check| !check.ok) {
        let detail = check.detail.as_deref().unwrap_or_default();
        tracing::warn!(check = %check.name, detail, "a check failed");
    }
    let all = checks.iter().all(|check| check.ok);
    parts.health.replace(checks);
    parts
        .phase
        .set(if all { Phase::Ready } else { Phase::Degraded });
}

fn outcome<E: std::fmt::Display>(name: &str, result: Result<(), E>) -> Check {
    let detail = result.err().map(|error| error.to_string());
    let ok = detail.is_none();
    let value = if ok { 1.0 } else { 0.0 };
    metrics::gauge!("countersign_check_ok", "check" => name.to_owned()).set(value);
    Check {
        name: name.to_owned(),
        ok,
        detail,
    }
}

async fn check_keys(parts: &HealthChecks) -> Vec<Check> {
    let mut checks = Vec::new();
    for role in parts.roles.iter().copied() {
        let (device, keys) = (Arc::clone(&parts.device), parts.keys.clone());
        let result = parts
            .desk
            .run(move |_| Ok(canary(&*device, &keys, role)?))
            .await;
        checks.push(outcome(&format!("hsm.{}", role.as_str()), result));
    }
    checks
}

/// How often the token's driver was started again because it had lost sight of the token.
fn note_restarts(parts: &HealthChecks) {
    metrics::counter!("countersign_hsm_module_restarts_total").absolute(parts.device.restarts());
}

/// Writes the last checkpoint over itself: a commit like any other that changes nothing.
async fn check_store(parts: &HealthChecks) -> Check {
    let written = match parts.db.checkpoints(None, 1).await {
        Ok(rows) => match rows.into_iter().next() {
            Some(row) => parts.ledger.put_checkpoint(row).await,
            None => parts.ledger.flush().await,
        },
        Err(error) => Err(error.into()),
    };
    outcome("store", written)
}

fn check_clock(parts: &HealthChecks) -> Check {
    let result = match parts.timekeeper.read().suspect {
        None => Ok(()),
        Some(suspicion) => Err(format!(
            "{suspicion}; withdrawals stop until an operator has looked at the clock and says \
             `countersign clock confirm`"
        )),
    };
    outcome("clock", result)
}

async fn check_log(parts: &HealthChecks) -> Check {
    let size = parts.ledger.head().borrow().size;
    let result = match parts.db.checkpoints(None, 1).await {
        Ok(rows) => match rows.first() {
            Some(row) => check_unsigned(parts, row.size, size).await,
            None => check_unsigned(parts, 0, size).await,
        },
        Err(error) => Err(error.to_string()),
    };
    outcome("log", result)
}

/// An entry waits for the next head; how long the oldest one has waited is what counts, however
/// long ago the last head was signed.
async fn check_unsigned(parts: &HealthChecks, signed: u64, size: u64) -> Result<(), String> {
    if signed >= size {
        return Ok(());
    }
    let oldest = parts.db.entries(signed, 1).await;
    let oldest = oldest.map_err(|error| error.to_string())?;
    let at = oldest.first().and_then(|row| recorded_at(&row.entry));
    let at = at.ok_or_else(|| format!("the log's entry {signed} cannot be read"))?;
    let waited = parts.clock.now().since(at);
    if waited <= LOG_LAG {
        return Ok(());
    }
    Err(format!(
        "the log has {size} entries, the last signed checkpoint covers {signed}, and entry {signed} \
         has waited {waited} for the next one, more than {LOG_LAG}; check the log key with \
         `countersignd doctor`"
    ))
}

/// When an entry was recorded, as it says itself.
fn recorded_at(entry: &[u8]) -> Option<Timestamp> {
    let entry: serde_json::Value = serde_json::from_slice(entry).ok()?;
    Timestamp::parse(entry.get("at")?.as_str()?).ok()
}
