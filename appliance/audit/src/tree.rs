//! The Merkle tree over the log: what is held in memory to append, and what is
//! stored so that proofs and a restart read O(log n) hashes.

mod frontier;
mod subtrees;
mod tile;

pub use frontier::{Frontier, Node, tiles_for_frontier};
pub(crate) use subtrees::Subtrees;
pub(crate) use tile::record;
pub use tile::{Fetched, HashReader, NotFetched, Tile, TreeError};

/// Largest number of entries: what a signed 64-bit database column holds.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// Tree levels that one stored level spans (C2SP `tlog-tiles`: 256 = 2^8 hashes).
pub(crate) const TILE_HEIGHT: u32 = 8;
