//! Why a row that grants power cannot be used.

use countersign_store::StoreError;
use countersign_store::ledger::LedgerError;

use super::Kind;
use crate::device::DeskError;

/// Why a record was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// A row is not what this appliance wrote last.
    #[error(
        "the {kind} row {id} was changed behind the appliance's back: {what}; find out who wrote \
         to the database, then restore it from a backup"
    )]
    Tampered {
        /// Kind of the row.
        kind: &'static str,
        /// Its identifier, hexadecimal.
        id: String,
        /// What does not fit.
        what: &'static str,
    },
    /// Rows without a seal.
    #[error(
        "the database holds a log and {0} rows that grant power, but no seal over them; restore \
         it from a backup"
    )]
    SealMissing(u64),
    /// The seal does not match the rows.
    #[error(
        "the seal, version {version}, over the rows that grant power does not match: {sealed} \
         rows were sealed, {found} are there; a row was changed, added or removed behind the \
         appliance's back, or the database belongs to another token; restore it from a backup"
    )]
    SealBroken {
        /// Version of the seal.
        version: u64,
        /// Rows it covers.
        sealed: u64,
        /// Rows in the database.
        found: u64,
    },
    /// A seal that is not the last one.
    #[error(
        "the seal, version {0}, over the rows that grant power is not the last one; somebody set rows \
         and seal back behind the appliance's back: restore the database from a backup"
    )]
    SealOlder(u64),
    /// Rows that were written and are not there.
    #[error(
        "{written} {kind} rows were written, {found} are there; a row was removed behind the \
         appliance's back: find out who wrote to the database, then restore it from a backup"
    )]
    Missing {
        /// Kind of the rows.
        kind: &'static str,
        /// How many there are in truth.
        written: usize,
        /// How many were found.
        found: usize,
    },
    /// A genuine row of another version of the program.
    #[error("a {kind} row cannot be read: {cause}")]
    Unreadable {
        /// Kind of the row.
        kind: String,
        /// Why.
        cause: String,
    },
    /// A unique name is taken.
    #[error("there is such a {0} already")]
    Taken(&'static str),
    /// A row that was just written is not there.
    #[error(
        "the {0} that was just written is not in the database; check it with `countersignd doctor`"
    )]
    Gone(&'static str),
    /// A dry run got to where it would write.
    #[error("this is a dry run: nothing was written")]
    Rehearsed,
    /// An entry that does not fit into the log.
    #[error("the log entry cannot be written: {0}")]
    Entry(#[from] countersign_audit::EntryError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The HSM.
    #[error(transparent)]
    Desk(#[from] DeskError),
}

impl RecordsError {
    /// Whether a commit that failed this way certainly wrote nothing.
    #[must_use]
    pub const fn nothing_written(&self) -> bool {
        !matches!(
            self,
            Self::Store(StoreError::Unknown(_))
                | Self::Ledger(LedgerError::Store(StoreError::Unknown(_)) | LedgerError::Closed)
        )
    }

    pub(super) fn missing(kind: Kind, written: usize, found: usize) -> Self {
        let kind = kind.as_str();
        metrics::counter!("countersign_tampered_rows_total").increment(1);
        tracing::error!(kind, written, found, "rows are gone");
        Self::Missing {
            kind,
            written,
            found,
        }
    }

    pub(super) fn tampered(kind: Kind, id: &[u8; 16], what: &'static str) -> Self {
        use std::fmt::Write;
        let mut hex = String::with_capacity(32);
        for byte in id {
            let _infallible = write!(hex, "{byte:02x}");
        }
        metrics::counter!("countersign_tampered_rows_total").increment(1);
        tracing::error!(kind = kind.as_str(), id = %hex, what, "a row was tampered with");
        Self::Tampered {
            kind: kind.as_str(),
            id: hex,
            what,
        }
    }
}
