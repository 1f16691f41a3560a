use signed_note::{Note, NoteError, Signature};

use crate::proof::{ProofError, consistency, verify_consistency};
use crate::tree::{Frontier, HashReader, TreeError};

use super::{Checkpoint, LogKey};

/// A checkpoint that was shown to extend the last signed one. Only this can be
/// signed, and only [`extends`] makes it.
#[derive(Debug)]
pub struct Next(Checkpoint);

/// A checkpoint and the note that states it, verbatim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What was signed.
    pub checkpoint: Checkpoint,
    /// The signed note: store and publish these bytes.
    pub note: String,
}

/// Why a tree is not an extension of the last signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtendError<E> {
    /// The last checkpoint is by another log.
    #[error("expected the last checkpoint to be of `{expected}`, got one of `{got}`")]
    Origin {
        /// This log's name.
        expected: String,
        /// The other's.
        got: String,
    },
    /// Entries are gone.
    #[error(
        "the last checkpoint signed {last} entries, the log holds {size}; restore the newer log"
    )]
    Shrunk {
        /// Size of the last checkpoint.
        last: u64,
        /// Size of the tree.
        size: u64,
    },
    /// Signed entries were changed.
    #[error("the log does not contain what its last checkpoint signed: {0}; restore it unaltered")]
    Rewritten(#[from] ProofError),
    /// Stored hashes cannot be read.
    #[error(transparent)]
    Tree(TreeError<E>),
}

/// Why a checkpoint was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError<E> {
    /// The signer failed.
    #[error("cannot sign the checkpoint: {0}")]
    Signer(E),
    /// The signer answered with something that is not this key's signature.
    #[error("expected a signature by `{0}`, the signer gave another one; check which key it uses")]
    NotByKey(String),
    /// The body cannot stand in a note.
    #[error("cannot write the checkpoint as a note: {0}")]
    Note(String),
}

/// Shows that the tree at `frontier` begins with exactly what `last` signed; `None`
/// only for a log that has never signed a checkpoint.
///
/// Proves it from stored hashes: [`crate::proof::tiles_for_consistency`] of the two
/// sizes names what `reader` must hold.
///
/// # Errors
/// Entries are gone or changed since, or hashes cannot be read. Nothing may be
/// signed then.
pub fn extends<R: HashReader>(
    key: &LogKey,
    last: Option<&Checkpoint>,
    frontier: &Frontier,
    reader: R,
) -> Result<Next, ExtendError<R::Error>> {
    let (size, root) = (frontier.size(), frontier.root());
    if let Some(last) = last {
        if last.origin != key.name() {
            let expected = key.name().to_owned();
            return Err(ExtendError::Origin {
                expected,
                got: last.origin.clone(),
            });
        }
        if last.size > size {
            return Err(ExtendError::Shrunk {
                last: last.size,
                size,
            });
        }
        let proof = consistency(reader, last.size, size).map_err(ExtendError::Tree)?;
        verify_consistency(last.size, last.root, size, root, &proof)?;
    }
    Ok(Next(Checkpoint {
        origin: key.name().to_owned(),
        size,
        root,
    }))
}

impl Next {
    /// What would be signed.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.0
    }

    /// Signs with `sign`, which gets the bytes to sign and answers with the Ed25519
    /// signature R‖S; the signature is verified before it is used.
    ///
    /// # Errors
    /// `sign` failed, or its answer is not by `key`.
    pub fn sign<E>(
        self,
        key: &LogKey,
        sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>,
    ) -> Result<Signed, SignError<E>> {
        let body = self.0.body();
        let signature = sign(body.as_bytes()).map_err(SignError::Signer)?;
        if self.0.origin != key.name() || !key.signed(body.as_bytes(), &signature) {
            return Err(SignError::NotByKey(key.vkey()));
        }
        let malformed = |error: NoteError| SignError::Note(error.to_string());
        let line = Signature::new(key.name().to_owned(), key.id(), signature.to_vec())
            .map_err(malformed)?;
        let note = Note::new(body.as_bytes(), &[line])
            .map_err(malformed)?
            .to_bytes();
        let note = String::from_utf8(note).map_err(|error| SignError::Note(error.to_string()))?;
        Ok(Signed {
            checkpoint: self.0,
            note,
        })
    }
}
