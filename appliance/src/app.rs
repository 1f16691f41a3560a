//! The parts of a running appliance, as they are put together at its start. Only `http` and the sign walk take it:
//! every other part has what it uses.

use std::sync::Arc;

use countersign_audit::LogKey;
use countersign_hsm::Device;
use countersign_store::Store;
use countersign_store::ledger::Ledger;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use crate::anchoring::Anchoring;
use crate::approvers::Approvers;
use crate::auto_freeze::AutoFreeze;
use crate::certificates::CertificateService;
use crate::clock::{Clock, ClockWatch, Timekeeper};
use crate::config::Config;
use crate::device::DeviceDesk;
use crate::freezes::{FreezeRecorder, Freezes};
use crate::governance::Governance;
use crate::governance::open_changes::OpenChanges;
use crate::health::Health;
use crate::holds::Holds;
use crate::http::Replays;
use crate::identity::{Authority, Register};
use crate::journal::Journal;
use crate::phase::CurrentPhase;
use crate::policies::Policies;
use crate::prices::Prices;
use crate::rates::Rates;
use crate::records::Records;
use crate::registrations::Registrations;
use crate::requests::Requests;
use crate::second_factor::SecondFactors;
use crate::sequencer::Sequencer;
use crate::shares::Shares;
use crate::sign::{Signers, Vouchers};
use crate::tables::Tables;
use crate::venue::Sources;
use crate::venues::Venues;
use crate::wallets::Directory;
use crate::wallets::sealed::Recipient;

/// A running appliance.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct App {
    /// What it was told.
    pub config: Config,
    /// The time that counts.
    pub clock: Arc<dyn Clock>,
    /// Where it comes from, and whether the machine's clock is trusted.
    pub timekeeper: Arc<Timekeeper>,
    /// The phase.
    pub phase: Arc<CurrentPhase>,
    /// The token.
    pub device: Arc<dyn Device>,
    /// The import key as others seal to it, where importing is turned on.
    pub recipient: Option<Recipient>,
    /// The thread for everything but wallet signatures.
    pub desk: DeviceDesk,
    /// The threads that sign for wallets.
    pub signers: Signers,
    /// Proofs of what was allowed.
    pub vouchers: Arc<Vouchers>,
    /// What requests are read by.
    pub sources: Arc<Sources>,
    /// The log key as verifiers know it.
    pub log_verifier: LogKey,
    /// The certificate authority.
    pub authority: Arc<Authority>,
    /// Certificates that were issued, and principals that are blocked.
    pub register: Arc<Register>,
    /// What issues certificates, and shuts out.
    pub certificates: Arc<CertificateService>,
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The one writer.
    pub ledger: Ledger,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// Wallets as the sign path sees them.
    pub directory: Arc<Directory>,
    /// The policy that decides.
    pub policies: Arc<Policies>,
    /// People who may approve.
    pub approvers: Arc<Approvers>,
    /// Changes that wait for people.
    pub open_changes: Arc<OpenChanges>,
    /// Reference prices.
    pub prices: Arc<Prices>,
    /// Accounts and markets that messages do not explain.
    pub registrations: Arc<Registrations>,
    /// Contents of lookup tables, as they were fed.
    pub tables: Arc<Tables>,
    /// Freezes in force.
    pub freezes: Arc<Freezes>,
    /// What there is to sign for.
    pub venues: Arc<Venues>,
    /// Second factors of operators.
    pub second_factors: Arc<SecondFactors>,
    /// What writes freezes down.
    pub freeze_recorder: Arc<FreezeRecorder>,
    /// What freezes by itself.
    pub auto_freeze: Arc<AutoFreeze>,
    /// Log entries of administrative acts.
    pub journal: Journal,
    /// Answers to requests that do not sign.
    pub replays: Replays,
    /// Changes under way, by principal.
    pub changing: Arc<Shares>,
    /// Changes under way of those who do not stop others.
    pub changing_of_others: Arc<Semaphore>,
    /// Sign requests under way, by principal.
    pub signing: Arc<Shares>,
    /// How fast each asks for what signs nothing.
    pub unsigned: Rates,
    /// How fast each changes something.
    pub changes: Rates,
    /// Sign requests that wait for people, by principal.
    pub holds: Arc<Holds>,
    /// Whether the token's memory of the log is renewed.
    pub anchoring: Arc<Anchoring>,
    /// What people are asked, answer, and change.
    pub governance: Arc<Governance>,
    /// Requests as they were recorded.
    pub requests: Requests,
    /// What signs the log's head.
    pub sequencer: Arc<Sequencer>,
    /// What keeps an eye on the clock.
    pub clock_watch: Arc<ClockWatch>,
    /// Results of the last checks.
    pub health: Arc<Health>,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
}
