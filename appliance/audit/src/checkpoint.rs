//! Signed statements of the tree's size and root: C2SP `tlog-checkpoint` bodies in
//! C2SP `signed-note` notes, signed with Ed25519.
//!
//! ```text
//! desk.example/audit
//! 20852
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — desk.example/audit Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
//! ```

mod extend;
mod key;
#[cfg(test)]
mod tests;

pub use extend::{ExtendError, Next, SignError, Signed, extends};
pub use key::{KeyError, LogKey};

use signed_note::{Note, NoteError};

use crate::hash::{Hash, HashTextError};
use crate::tree::MAX_SIZE;

/// Longest signed checkpoint in bytes that is read: room for 100 cosignatures.
pub const MAX_NOTE: usize = 32 * 1024;

/// The size and root of a log at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log, equal to its key's name.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// Why a text is not a checkpoint of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note, or longer than [`MAX_NOTE`].
    #[error("expected a signed note of at most {MAX_NOTE} bytes: {0}")]
    Note(String),
    /// A note without a signature by this key.
    #[error("expected a signature by `{0}`, the note has none")]
    NotSigned(String),
    /// A signature that names this key and is not by it.
    #[error("the signature that names `{0}` was not made by it over this text")]
    BadSignature(String),
    /// Another log's checkpoint.
    #[error("expected a checkpoint of `{expected}`, got one of `{got}`")]
    Origin {
        /// The log's name.
        expected: String,
        /// The name in the checkpoint.
        got: String,
    },
    /// Not three lines.
    #[error("expected a checkpoint of three lines: origin, size, root")]
    Lines,
    /// The second line is not a size.
    #[error("expected a size as a decimal number without leading zeros, got `{0}`")]
    Size(String),
    /// The third line is not a root.
    #[error(transparent)]
    Root(#[from] HashTextError),
}

impl Checkpoint {
    /// The text that is signed: origin, size and root, each on a line.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    /// Reads a body. Extension lines are refused: this log writes none.
    ///
    /// # Errors
    /// Not exactly what [`Checkpoint::body`] writes.
    pub fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let lines = body.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root), None) =
            (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let number = size
            .parse()
            .ok()
            .filter(|n: &u64| *n <= MAX_SIZE && n.to_string() == size);
        let number =
            number.ok_or_else(|| CheckpointError::Size(size.chars().take(30).collect()))?;
        Ok(Self {
            origin: origin.to_owned(),
            size: number,
            root: root.parse()?,
        })
    }

    /// Reads a signed note, checks that `key` signed it, and reads its checkpoint.
    /// Signatures by other keys (witnesses) are passed over.
    ///
    /// # Errors
    /// See [`CheckpointError`].
    pub fn open(note: &[u8], key: &LogKey) -> Result<Self, CheckpointError> {
        let whole = note
            .get(..MAX_NOTE)
            .is_none_or(|head| head.len() == note.len());
        if !whole {
            return Err(CheckpointError::Note(format!("got {} bytes", note.len())));
        }
        let note =
            Note::from_bytes(note).map_err(|error| CheckpointError::Note(error.to_string()))?;
        note.verify(key).map_err(|error| match error {
            NoteError::UnverifiedNote => CheckpointError::NotSigned(key.vkey()),
            NoteError::InvalidSignature { .. } => CheckpointError::BadSignature(key.vkey()),
            other => CheckpointError::Note(other.to_string()),
        })?;
        let body = str::from_utf8(note.text())
            .map_err(|error| CheckpointError::Note(error.to_string()))?;
        let checkpoint = Self::parse_body(body)?;
        if checkpoint.origin != key.name() {
            let expected = key.name().to_owned();
            return Err(CheckpointError::Origin {
                expected,
                got: checkpoint.origin,
            });
        }
        Ok(checkpoint)
    }
}
