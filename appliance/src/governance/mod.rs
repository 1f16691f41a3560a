//! The one mechanism for everything that needs people: withdrawals that policy holds, and changes
//! that loosen something.
//!
//! Each is an [`Ask`]: who asks, what (a digest), until when, and what the policy of *now* demands
//! for it. People's answers are a [`ConsentRecord`], one MACed row per ask: approvals, a
//! rejection, and the use it was put to. [`tally`] holds the one against the other. Nothing is
//! decided early: approvals carry the policy and the rosters they were given under, and count at
//! the moment of release only if these are still in force.
//!
//! * [`held`]: a sign request that policy holds, as the ledger keeps it, and how it reads now.
//! * [`change`]: a governed change; [`propose`] records it, [`apply`] puts it into effect in the
//!   very commit that marks its consent as used.
//! * [`approve`]: an approval or a rejection coming in.

pub mod also;
pub mod apply;
mod approve;
pub mod approver;
mod ask;
mod certificate;
pub mod change;
pub mod changeable;
mod consent;
pub mod cosigner;
mod digest;
mod effect;
mod error;
pub mod held;
mod load;
pub mod open_changes;
mod policy;
mod propose;
pub mod restored;
mod tally;
mod unblock;
mod venue;
mod wallet_limits;

use std::sync::Arc;

use countersign_store::Store;
use countersign_store::ledger::Ledger;

use crate::approvers::Approvers;
use crate::auto_freeze::AutoFreeze;
use crate::certificates::CertificateService;
use crate::clock::{Clock, Timekeeper};
use crate::device::DeviceDesk;
use crate::freezes::Freezes;
use crate::holds::Holds;
use crate::identity::Register;
use crate::journal::Journal;
use crate::phase::CurrentPhase;
use crate::policies::Policies;
use crate::prices::Prices;
use crate::records::Records;
use crate::registrations::Registrations;
use crate::requests::Requests;
use crate::second_factor::SecondFactors;
use crate::sign::Vouchers;
use crate::venue::Sources;
use crate::venues::Venues;
use crate::wallets::Directory;
use open_changes::OpenChanges;

pub use approve::{Poster, ToSign, approve, reject, to_sign};
pub use ask::{Ask, Standing, opens_at};
pub use consent::{ConsentRecord, No, Use, Yes};
pub use digest::Digest32;
pub use error::GovernError;
pub use load::load;
pub use propose::{Proposal, propose};
pub use tally::{GroupTally, State, Tally, tally, values};

#[cfg(test)]
mod model;

/// What people are asked, answer, and change.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Governance {
    /// The name of this appliance in the texts that people sign.
    pub trust_domain: String,
    /// Changes of one operator that may wait.
    pub most_open: usize,
    /// The time that counts.
    pub clock: Arc<dyn Clock>,
    /// Time locks run by it only while the machine's clock is trusted.
    pub timekeeper: Arc<Timekeeper>,
    /// When to end.
    pub phase: Arc<CurrentPhase>,
    /// Random identifiers.
    pub desk: DeviceDesk,
    /// Reads of the database.
    pub db: Arc<dyn Store>,
    /// The one writer.
    pub ledger: Ledger,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// Log entries.
    pub journal: Journal,
    /// Requests that wait, or waited, for people.
    pub requests: Requests,
    /// Sign requests that wait for people, by principal.
    pub holds: Arc<Holds>,
    /// Proofs of what is held.
    pub vouchers: Arc<Vouchers>,
    /// What a held request is read by.
    pub sources: Arc<Sources>,
    /// The policy that decides.
    pub policies: Arc<Policies>,
    /// Reference prices.
    pub prices: Arc<Prices>,
    /// People who may approve.
    pub approvers: Arc<Approvers>,
    /// Changes that wait for people.
    pub open_changes: Arc<OpenChanges>,
    /// Who comes in, on whose word.
    pub register: Arc<Register>,
    /// Certificates that people agree to.
    pub certificates: Arc<CertificateService>,
    /// Second factors that people reset.
    pub second_factors: Arc<SecondFactors>,
    /// Freezes that people lift.
    pub freezes: Arc<Freezes>,
    /// Freezes what is forged again and again.
    pub auto_freeze: Arc<AutoFreeze>,
    /// Wallets whose limits people loosen.
    pub directory: Arc<Directory>,
    /// Accounts and markets that people register.
    pub registrations: Arc<Registrations>,
    /// Entries of the registry that people change.
    pub venues: Arc<Venues>,
}
