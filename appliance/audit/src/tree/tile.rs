use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use crate::hash::Hash;

use super::TILE_HEIGHT;

/// Hashes `first()..first() + width` of one stored level, never across a multiple
/// of 256: the tile (L, N) of C2SP `tlog-tiles`, cut to `width`.
///
/// At level 0 these are leaf hashes, one per entry; at level L ≥ 1 each is the
/// root over 256^L entries, stored as a [`super::Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// Stored level, 0 to 7.
    pub level: u8,
    /// Number of the tile in its level.
    pub index: u64,
    /// How many hashes of it, 1 to 256.
    pub width: u16,
}

impl Tile {
    /// Index, within the level, of the first hash.
    #[must_use]
    pub const fn first(self) -> u64 {
        self.index << TILE_HEIGHT
    }

    /// Indices, within the level, of the hashes to read.
    #[must_use]
    pub const fn range(self) -> Range<u64> {
        self.first()..self.first() + self.width as u64
    }
}

/// Access to stored hashes, implemented by whoever keeps them.
///
/// A store that cannot answer synchronously asks the matching `tiles_for_…` function
/// what will be read, fetches that, and passes a [`Fetched`].
pub trait HashReader {
    /// Why a read fails.
    type Error;

    /// The hashes of `tile.range()` at `tile.level`, in order; exactly `tile.width`.
    ///
    /// # Errors
    /// The store cannot answer, or holds fewer.
    fn read(&self, tile: Tile) -> Result<Vec<Hash>, Self::Error>;
}

impl<R: HashReader> HashReader for &R {
    type Error = R::Error;

    fn read(&self, tile: Tile) -> Result<Vec<Hash>, R::Error> {
        (**self).read(tile)
    }
}

/// Why hashes of the tree could not be computed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError<E> {
    /// The reader failed.
    #[error("cannot read stored hashes: {0}")]
    Read(E),
    /// The reader gave fewer or more hashes than asked for: the store is damaged.
    #[error("expected {} stored hashes at level {} from {}, got {got}; the stored tree is damaged",
        tile.width, tile.level, tile.first())]
    Short {
        /// What was asked for.
        tile: Tile,
        /// How many came.
        got: usize,
    },
    /// The question itself makes no sense for a tree of this size.
    #[error("expected {what} below {limit}, got {got}")]
    OutOfRange {
        /// What is out of range.
        what: &'static str,
        /// Its value.
        got: u64,
        /// The first value that is too large.
        limit: u64,
    },
}

/// Tiles read beforehand, as a [`HashReader`].
#[derive(Debug, Clone, Default)]
pub struct Fetched(BTreeMap<Tile, Vec<Hash>>);

/// A tile that was not fetched beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the tile {0:?} was not fetched")]
pub struct NotFetched(pub Tile);

impl Fetched {
    /// Adds the hashes of one tile.
    pub fn insert(&mut self, tile: Tile, hashes: Vec<Hash>) {
        self.0.insert(tile, hashes);
    }
}

impl HashReader for Fetched {
    type Error = NotFetched;

    fn read(&self, tile: Tile) -> Result<Vec<Hash>, NotFetched> {
        self.0.get(&tile).cloned().ok_or(NotFetched(tile))
    }
}

/// Answers any read with zeros and remembers what was asked.
#[derive(Default)]
pub(crate) struct Recorder(RefCell<Vec<Tile>>);

impl HashReader for Recorder {
    type Error = Infallible;

    fn read(&self, tile: Tile) -> Result<Vec<Hash>, Infallible> {
        self.0.borrow_mut().push(tile);
        Ok(vec![Hash([0; 32]); usize::from(tile.width)])
    }
}

/// The tiles that `question` reads. Which ones never depends on their content.
pub(crate) fn record<T>(
    question: impl FnOnce(&Recorder) -> Result<T, TreeError<Infallible>>,
) -> Vec<Tile> {
    let recorder = Recorder::default();
    // A question out of range reads nothing; asking it again says why.
    let _ = question(&recorder);
    recorder.0.into_inner()
}
