//! The tamper-evident audit log: what an entry says, the Merkle tree over the
//! entries, signed checkpoints, proofs, the export format, and the offline
//! verification of an export.
//!
//! Pure: no clock, no randomness, no async; the only input besides values is a
//! [`std::io::BufRead`] handed to [`verify::verify`].
//!
//! How the pieces are used:
//!
//! 1. An [`Entry`] is encoded to its canonical bytes; [`leaf_hash`] of those is
//!    appended to a [`Frontier`]. The store writes the bytes, the leaf hash and the
//!    [`Node`]s that `append` returned, all in the transaction that reserves limits.
//! 2. Now and then [`checkpoint::extends`] proves that the tree grew out of the last
//!    signed checkpoint; only what it returns can be signed.
//! 3. [`proof`] answers "is this entry in" and "did this grow out of that" from
//!    O(log n) stored hashes, read through [`HashReader`].
//! 4. [`export`] writes the log as JSON lines; [`verify::verify`] reads them with
//!    nothing but a key that the auditor already holds.
//!
//! Hashing is RFC 6962 §2.1 (same as RFC 9162 §2.1); checkpoints are C2SP
//! `tlog-checkpoint` in C2SP `signed-note`; stored hashes have the shape of C2SP
//! `tlog-tiles`.

pub mod checkpoint;
pub mod export;
mod hash;
mod json;
pub mod leaf;
pub mod proof;
mod tree;
pub mod verify;

pub use checkpoint::{Checkpoint, LogKey};
pub use hash::{EMPTY_ROOT, Hash, HashTextError, leaf_hash};
pub use leaf::{Actor, Detail, Entry, EntryError, Kind, Outcome, Stamp};
pub use tree::{
    Fetched, Frontier, HashReader, MAX_SIZE, Node, NotFetched, Tile, TreeError, tiles_for_frontier,
};

#[cfg(test)]
mod testlog;
