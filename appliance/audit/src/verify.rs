//! Offline verification of an export, with nothing but the log's key as the auditor
//! pinned it and the checkpoints the auditor kept.
//!
//! What each detects:
//! - leaf hashes: an altered entry, by its index;
//! - indices: dropped, repeated, reordered entries;
//! - signed checkpoints: any of these where index and leaf hash were made to fit, and
//!   a checkpoint that was altered or signed by another key;
//! - kept checkpoints: a log that was forked, or rolled back to an older state with
//!   valid, older signatures. Without kept checkpoints a rollback cannot be seen, nor without
//!   knowing that the export is younger than they are.

mod finding;
mod kept;
mod report;
mod requests;
#[cfg(test)]
mod tests;
mod walk;

use std::io::{self, BufRead};

pub use finding::{Fault, Finding};
pub use report::{Concern, OpenRequest, Report};
pub use requests::CLOSED_REQUESTS;

use crate::checkpoint::LogKey;
use crate::export::Lines;

/// What the auditor accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Entries allowed after the last checkpoint. They are unproven: 0 unless the
    /// log cannot sign at the moment.
    pub unsigned_tail: u64,
    /// How far an entry's time may lie before an earlier entry's without a
    /// [`Concern`], in microseconds: appliances sharing a log have separate clocks.
    pub clock_slack_micros: i64,
    /// Whether the export was made after every kept checkpoint: one that is larger than the
    /// export then means that the log was rolled back. An older export beside a newer checkpoint
    /// is no fault otherwise; the two say nothing about each other.
    pub latest: bool,
}

impl Default for Options {
    /// No unsigned entries; two seconds; an export of any age.
    fn default() -> Self {
        Self {
            unsigned_tail: 0,
            clock_slack_micros: 2_000_000,
            latest: false,
        }
    }
}

/// Why an export was not found good.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The export could not be read to its end.
    #[error("cannot read the export: {0}")]
    Read(#[from] io::Error),
    /// The log is not what was signed.
    #[error(transparent)]
    Found(#[from] Box<Finding>),
}

/// Reads a whole export and reports what it proves, or the first thing that is wrong.
///
/// `pinned` is the log's key as the auditor knows it, never taken from the export;
/// `kept` are signed checkpoints from earlier audits or answers, verbatim, in any
/// order.
///
/// Memory does not grow with the log, apart from requests still without an outcome
/// and the bounds in [`CLOSED_REQUESTS`] and [`Report`].
///
/// # Errors
/// The first [`Finding`], or a failure to read.
pub fn verify<R: BufRead>(
    export: R,
    pinned: &LogKey,
    kept: &[&str],
    options: Options,
) -> Result<Report, VerifyError> {
    let mut walk = walk::Walk::new(pinned, kept, options)?;
    let mut lines = Lines::new(export);
    loop {
        let read = lines.read();
        let number = lines.number();
        let placed = |mut finding: Box<Finding>| {
            finding.line.get_or_insert(number);
            finding
        };
        match read {
            Ok(Some(item)) => walk.step(item).map_err(placed)?,
            Ok(None) => return Ok(walk.finish().map_err(placed)?),
            Err(error) => return Err(walk.unreadable(error).map_err(placed)?),
        }
    }
}
