//! Everything the parts of a running appliance share.

use std::sync::Arc;

use countersign_audit::LogKey;
use countersign_hsm::ceremony::RoleKeys;
use countersign_hsm::{Device, KeyRef};
use countersign_store::Store;
use countersign_store::ledger::Ledger;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use crate::anchoring::Anchoring;
use crate::approvers::Approvers;
use crate::certificates::Waiting;
use crate::clock::{Clock, Timekeeper};
use crate::config::Config;
use crate::device::DeviceDesk;
use crate::freezes::Freezes;
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
use crate::second_factor::SecondFactors;
use crate::shares::Shares;
use crate::sign::{AssociatedAccounts, Signers, Vouchers};
use crate::streaks::Streaks;
use crate::tables::Tables;
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
    pub phase: CurrentPhase,
    /// The token.
    pub device: Arc<dyn Device>,
    /// The appliance's own keys on it.
    pub keys: RoleKeys,
    /// The import key as others seal to it, where importing is turned on.
    pub recipient: Option<Recipient>,
    /// The thread for everything but wallet signatures.
    pub desk: DeviceDesk,
    /// The threads that sign for wallets.
    pub signers: Signers,
    /// Proofs of what was allowed.
    pub vouchers: Vouchers,
    /// Associated token accounts that were derived for earlier requests.
    pub associated: AssociatedAccounts,
    /// The log key on the token.
    pub log_key: KeyRef,
    /// The log key as verifiers know it.
    pub log_verifier: LogKey,
    /// The certificate authority.
    pub authority: Arc<Authority>,
    /// Certificates that were issued, and principals that are blocked.
    pub register: Arc<Register>,
    /// Blocks that could not be recorded yet.
    pub blocks: Waiting,
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The one writer.
    pub ledger: Ledger,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// Wallets as the sign path sees them.
    pub directory: Directory,
    /// The policy that decides.
    pub policies: Policies,
    /// People who may approve.
    pub approvers: Approvers,
    /// Changes that wait for people.
    pub open_changes: OpenChanges,
    /// Reference prices.
    pub prices: Prices,
    /// Accounts and markets that messages do not explain.
    pub registrations: Registrations,
    /// Contents of lookup tables, as they were fed.
    pub tables: Tables,
    /// Freezes in force.
    pub freezes: Freezes,
    /// What there is to sign for.
    pub venues: Venues,
    /// Second factors of operators.
    pub second_factors: SecondFactors,
    /// Denials in a row.
    pub streaks: Streaks,
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
    pub holds: Holds,
    /// Whether the token's memory of the log is renewed.
    pub anchoring: Anchoring,
    /// Results of the last checks.
    pub health: Health,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
}
