//! Inclusion and consistency proofs, RFC 6962 §2.1.1 and §2.1.2; verification as in
//! RFC 9162 §2.1.3.2 and §2.1.4.2.

mod consistency;
mod inclusion;
#[cfg(test)]
mod tests;

pub use consistency::{consistency, tiles_for_consistency, verify_consistency};
pub use inclusion::{inclusion, tiles_for_inclusion, verify_inclusion};

use crate::hash::Hash;

/// Why a proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// An index at or beyond the size, or an old size beyond the new one.
    #[error("expected {what} within a tree of {size} entries, got {got}")]
    OutOfRange {
        /// What is out of range.
        what: &'static str,
        /// Its value.
        got: u64,
        /// The tree's size.
        size: u64,
    },
    /// More or fewer hashes than a proof for these sizes has.
    #[error("expected another number of hashes in the proof than {0}")]
    Length(usize),
    /// The proof leads to another root.
    #[error("the proof leads to the root `{got}`, expected `{expected}`")]
    Root {
        /// The root that was to be proved.
        expected: Hash,
        /// The root that came out.
        got: Hash,
    },
}

/// Largest power of two below `size`, for `size` ≥ 2: where RFC 6962 splits a tree.
fn split(size: u64) -> u64 {
    (size - 1).checked_ilog2().map_or(0, |height| 1 << height)
}

fn same(expected: Hash, got: Hash) -> Result<(), ProofError> {
    if expected == got {
        Ok(())
    } else {
        Err(ProofError::Root { expected, got })
    }
}
