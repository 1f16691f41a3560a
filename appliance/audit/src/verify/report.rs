use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::hash::Hash;
use crate::leaf::{Kind, Stamp};

/// How many concerns and open requests a report names; beyond, they are counted.
pub(super) const LISTED: usize = 1_000;

/// What a good export proves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// Checkpoints in the export whose signature and root were verified.
    pub checkpoints: u64,
    /// Kept checkpoints that the log contains.
    pub kept: u64,
    /// Kept checkpoints that are newer than the export: nothing was compared with them.
    pub newer: u64,
    /// Size of the largest verified checkpoint, of the export or kept: the entries below
    /// it are proven.
    pub signed: u64,
    /// Root of that checkpoint.
    pub signed_root: Option<Hash>,
    /// Entries after that checkpoint.
    pub unsigned_tail: u64,
    /// Time of the first entry.
    pub first: Option<Stamp>,
    /// Time of the last entry.
    pub last: Option<Stamp>,
    /// How many entries of each kind.
    pub kinds: BTreeMap<Kind, u64>,
    /// Requests reserved without an outcome so far, at most 1,000, oldest first.
    pub open: Vec<OpenRequest>,
    /// How many such requests there are.
    pub open_total: u64,
    /// Entries that are authentic but contradict each other, at most 1,000.
    pub concerns: Vec<Concern>,
    /// How many such entries there are.
    pub concerns_total: u64,
}

/// A request whose limits are reserved and whose outcome is not in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenRequest {
    /// Index of its `sign_reserved` entry.
    pub index: u64,
    /// Its id.
    pub request: String,
}

/// An authentic entry that contradicts an earlier one: a fault of the appliance or
/// its clock, not of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "concern", rename_all = "snake_case")]
pub enum Concern {
    /// The time lies before an earlier entry's.
    ClockWentBack {
        /// Index of the entry.
        index: u64,
        /// Its time.
        at: Stamp,
        /// The latest time before it.
        after: Stamp,
    },
    /// An outcome of a request that has no reservation before it.
    OutcomeWithoutReservation {
        /// Index of the entry.
        index: u64,
        /// The request's id.
        request: String,
    },
    /// A second reservation for one request.
    ReservedTwice {
        /// Index of the entry.
        index: u64,
        /// The request's id.
        request: String,
        /// Index of the first reservation.
        first: u64,
    },
    /// Signed although the reservation had been given back.
    SignedAfterRelease {
        /// Index of the entry.
        index: u64,
        /// The request's id.
        request: String,
    },
}

impl Report {
    pub(super) fn concern(&mut self, concern: Concern) {
        self.concerns_total += 1;
        if self.concerns.len() < LISTED {
            self.concerns.push(concern);
        }
    }
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockWentBack { index, at, after } => {
                write!(
                    f,
                    "entry {index}: its time `{at}` lies before an earlier entry's `{after}`"
                )
            }
            Self::OutcomeWithoutReservation { index, request } => {
                write!(
                    f,
                    "entry {index}: outcome of `{request}`, which was never reserved"
                )
            }
            Self::ReservedTwice {
                index,
                request,
                first,
            } => {
                write!(
                    f,
                    "entry {index}: `{request}` was already reserved by entry {first}"
                )
            }
            Self::SignedAfterRelease { index, request } => {
                write!(
                    f,
                    "entry {index}: `{request}` was signed after its reservation was given back"
                )
            }
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "entries      {}", self.entries)?;
        writeln!(
            f,
            "proven       {} ({} checkpoints)",
            self.signed, self.checkpoints
        )?;
        writeln!(f, "unsigned     {}", self.unsigned_tail)?;
        writeln!(
            f,
            "kept         {} checkpoints of the auditor contained",
            self.kept
        )?;
        if self.newer > 0 {
            writeln!(
                f,
                "newer        {} checkpoints of the auditor: this export is older; export anew to compare them",
                self.newer
            )?;
        }
        if let (Some(first), Some(last)) = (self.first, self.last) {
            writeln!(f, "time         {first} to {last}")?;
        }
        for (kind, count) in &self.kinds {
            writeln!(f, "  {:<19} {count}", kind.as_str())?;
        }
        writeln!(
            f,
            "open         {} requests reserved without an outcome",
            self.open_total
        )?;
        for open in &self.open {
            writeln!(f, "  {} (entry {})", open.request, open.index)?;
        }
        writeln!(f, "concerns     {}", self.concerns_total)?;
        for concern in &self.concerns {
            writeln!(f, "  {concern}")?;
        }
        Ok(())
    }
}
