//! Why people's consent was not asked for, taken, or used.

use countersign_intent::{Timestamp, WalletId};
use countersign_store::StoreError;
use countersign_store::ledger::LedgerError;

use crate::certificates::CertificateError;
use crate::policies::PolicyError;
use crate::records::{CacheError, RecordsError};

/// As many changes wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{most} changes wait already, as many as may (`share.open_changes`); reject some of them first, \
     or wait until {until} when the first lapses"
)]
pub struct TooManyOpen {
    /// As many.
    pub most: usize,
    /// When the first of them lapses.
    pub until: Timestamp,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum GovernError {
    /// No such thing.
    #[error("there is no {what} `{id}` that you may see")]
    NotFound {
        /// What is missing.
        what: &'static str,
        /// What was asked for.
        id: String,
    },
    /// It waits for nobody any more.
    #[error("{0}")]
    AlreadyDecided(String),
    /// It lapsed.
    #[error("{0}")]
    Expired(String),
    /// The policy does not let it be approved.
    #[error("{0}")]
    Denied(String),
    /// As many of one principal's wait as may.
    #[error(transparent)]
    TooMany(#[from] TooManyOpen),
    /// Not by this person.
    #[error("{0}")]
    Forbidden(String),
    /// A field that is wrong.
    #[error("{detail}")]
    Field {
        /// The field.
        field: &'static str,
        /// What was expected.
        detail: String,
    },
    /// An approval whose signature is not the approver's over the text as it is now.
    #[error("{detail}")]
    WrongSignature {
        /// The wallet that the request is about.
        wallet: Option<WalletId>,
        /// What was expected.
        detail: String,
    },
    /// The row of a held request is not what this appliance wrote.
    #[error("what was decided about {0} cannot be read; run `countersignd doctor`")]
    Unreadable(String),
    /// The rows that grant power.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// What is kept in memory of them.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A certificate that was not issued.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The HSM.
    #[error(transparent)]
    Desk(#[from] crate::device::DeskError),
}
