use crate::hash::{Hash, node_hash};

use super::subtrees::fold;
use super::tile::{HashReader, Tile, TreeError, record};
use super::{MAX_SIZE, Subtrees, TILE_HEIGHT};

/// The right edge of the tree: enough to append and to know the root, O(log n) in
/// memory. Clone it before a batch, keep the clone if the transaction fails.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, largest first: one per set bit of `size`.
    peaks: Vec<Hash>,
}

/// The root over 256^level consecutive entries, to be stored when it comes into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    /// Stored level, 1 to 7; level 0 is the entries' own leaf hashes.
    pub level: u8,
    /// It covers the entries from `index · 256^level`.
    pub index: u64,
    /// The root over them.
    pub hash: Hash,
}

impl Frontier {
    /// The frontier of the tree of `size` entries, from stored hashes. Reads at most
    /// one tile per stored level: under 256 · log₂₅₆(size) hashes.
    ///
    /// # Errors
    /// `size` is above [`MAX_SIZE`], or hashes cannot be read.
    pub fn load<R: HashReader>(reader: R, size: u64) -> Result<Self, TreeError<R::Error>> {
        if size > MAX_SIZE {
            return Err(TreeError::OutOfRange {
                what: "the size",
                got: size,
                limit: MAX_SIZE,
            });
        }
        let mut subtrees = Subtrees::new(reader, size);
        let peaks = subtrees.complete(0, size)?;
        Ok(Self { size, peaks })
    }

    /// Adds one entry by its leaf hash.
    ///
    /// Returns the nodes this completes, to be stored in the same transaction:
    /// none for 255 of 256 entries, at most seven.
    pub fn append(&mut self, leaf: Hash) -> Vec<Node> {
        let (mut hash, mut nodes) = (leaf, Vec::new());
        let merges = self.size.trailing_ones();
        self.size = self.size.saturating_add(1);
        for height in 1..=merges {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            if height.is_multiple_of(TILE_HEIGHT) {
                let level = u8::try_from(height / TILE_HEIGHT).unwrap_or(u8::MAX);
                nodes.push(Node {
                    level,
                    index: (self.size >> height) - 1,
                    hash,
                });
            }
        }
        self.peaks.push(hash);
        nodes
    }

    /// Number of entries, and so the index of the next one.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root over all entries, RFC 6962 §2.1.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }
}

/// The tiles [`Frontier::load`] reads for a tree of `size` entries.
#[must_use]
pub fn tiles_for_frontier(size: u64) -> Vec<Tile> {
    record(|reader| Frontier::load(reader, size))
}
