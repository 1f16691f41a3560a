use std::collections::VecDeque;

use crate::checkpoint::{Checkpoint, CheckpointError, LogKey};
use crate::tree::Frontier;

use super::finding::{Fault, Finding};

/// The checkpoints that the auditor kept, smallest first.
pub(super) struct Kept {
    ahead: VecDeque<Checkpoint>,
    /// The first one that the export's entries contradict.
    broken: Option<Checkpoint>,
}

impl Kept {
    pub(super) fn open(notes: &[&str], pinned: &LogKey) -> Result<Self, Box<Finding>> {
        let open = |note: &&str| Checkpoint::open(note.as_bytes(), pinned);
        let opened: Result<Vec<_>, _> = notes.iter().map(open).collect();
        let mut all = opened.map_err(|error| refused(&error, pinned, None))?;
        all.sort_by_key(|checkpoint| checkpoint.size);
        Ok(Self {
            ahead: all.into(),
            broken: None,
        })
    }

    /// Compares those of the tree's present size; returns how many it contains.
    pub(super) fn compare(&mut self, tree: &Frontier) -> Result<u64, Box<Finding>> {
        let mut good = 0;
        while let Some(kept) = self.ahead.pop_front_if(|kept| kept.size <= tree.size()) {
            if kept.root == tree.root() {
                self.fork(&kept)?;
                good += 1;
            } else {
                self.broken.get_or_insert(kept);
            }
        }
        Ok(good)
    }

    /// The fork, if the log also signed what the export shows (`also`).
    pub(super) fn fork(&self, also: &Checkpoint) -> Result<(), Box<Finding>> {
        let Some(kept) = &self.broken else {
            return Ok(());
        };
        let expected = format!(
            "the root `{}` of the kept checkpoint of size {}",
            kept.root, kept.size
        );
        let got = format!(
            "another history, signed as size {} with root `{}`",
            also.size, also.root
        );
        Err(Finding::new(Fault::Forked, None, expected, got))
    }

    /// What is left unmatched at the end of the export: how many are newer than it. With `latest`,
    /// none can be.
    pub(super) fn finish(&self, entries: u64, latest: bool) -> Result<u64, Box<Finding>> {
        if let Some(kept) = &self.broken {
            let expected = format!(
                "the root `{}` of the kept checkpoint of size {}",
                kept.root, kept.size
            );
            return Err(Finding::new(
                Fault::Rewritten,
                None,
                expected,
                "other entries",
            ));
        }
        let Some(kept) = self.ahead.back().filter(|_| latest) else {
            return Ok(self.ahead.len() as u64);
        };
        let expected = format!(
            "at least {} entries, as a kept checkpoint states",
            kept.size
        );
        Err(Finding::new(
            Fault::RolledBack,
            entries,
            expected,
            format!("{entries} entries"),
        ))
    }
}

/// A checkpoint that cannot be accepted, from the export or kept.
pub(super) fn refused(
    error: &CheckpointError,
    pinned: &LogKey,
    index: Option<u64>,
) -> Box<Finding> {
    let fault = match error {
        CheckpointError::NotSigned(_) | CheckpointError::Origin { .. } => Fault::WrongSigner,
        CheckpointError::BadSignature(_) => Fault::BadSignature,
        CheckpointError::Note(_)
        | CheckpointError::Lines
        | CheckpointError::Size(_)
        | CheckpointError::Root(_) => Fault::Malformed,
    };
    let which = if index.is_some() {
        "a checkpoint"
    } else {
        "every kept checkpoint to be"
    };
    Finding::new(
        fault,
        index,
        format!("{which} signed by `{}`", pinned.vkey()),
        format!("`{error}`"),
    )
}
