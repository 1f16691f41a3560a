use std::fmt;

use serde::Serialize;

/// What kind of thing is wrong with a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A line is not what an export has at this place.
    Malformed,
    /// The export ends before its end line.
    CutOff,
    /// The export or a kept checkpoint is by another key or log than the pinned one.
    WrongSigner,
    /// A checkpoint's signature does not verify.
    BadSignature,
    /// The bytes of an entry are not those that its leaf hash was made of.
    Altered,
    /// Bytes that this log cannot have written as an entry.
    NotAnEntry,
    /// An entry is not there, or stands later.
    Missing,
    /// An entry or a checkpoint stands where a later one belongs.
    OutOfOrder,
    /// The entries before a checkpoint are not those that were signed.
    Rewritten,
    /// The log signed two histories that exclude each other.
    Forked,
    /// The log is shorter than a checkpoint that the auditor kept.
    RolledBack,
    /// Entries at the end are not covered by any checkpoint.
    Unsigned,
}

/// The first thing that is wrong with an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub fault: Fault,
    /// Line of the export, from 1; none where a kept checkpoint itself is at fault.
    pub line: Option<u64>,
    /// The entry, or the first entry it may concern.
    pub index: Option<u64>,
    /// What belongs there.
    pub expected: String,
    /// What is there.
    pub got: String,
}

impl Finding {
    pub(super) fn new(
        fault: Fault,
        index: impl Into<Option<u64>>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Box<Self> {
        let (expected, got) = (expected.into(), got.into());
        Box::new(Self {
            fault,
            line: None,
            index: index.into(),
            expected,
            got,
        })
    }

    /// What the auditor should do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self.fault {
            Fault::Malformed | Fault::CutOff => "export again; if it stays, the export was altered",
            Fault::WrongSigner => {
                "compare the pinned key with the one noted at initialisation; do not take the key from the export"
            }
            Fault::BadSignature => "export again; if it stays, the stored checkpoint was altered",
            Fault::Altered | Fault::NotAnEntry | Fault::Missing | Fault::OutOfOrder => {
                "keep this export, compare the entry with a backup and with other appliances"
            }
            Fault::Rewritten => {
                "keep this export; the difference lies between this checkpoint and the one before it"
            }
            Fault::Forked => "keep this export and the kept checkpoint: together they prove it",
            Fault::RolledBack => {
                "keep the checkpoint; the database was restored to an older state, stop signing"
            }
            Fault::Unsigned => {
                "have a checkpoint signed and export again, or accept the tail with `--unsigned-tail N`"
            }
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(index) = self.index {
            write!(f, "entry {index}: ")?;
        }
        write!(
            f,
            "expected {}, got {}; {}",
            self.expected,
            self.got,
            self.advice()
        )
    }
}

impl std::error::Error for Finding {}
