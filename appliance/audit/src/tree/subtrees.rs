use crate::hash::{EMPTY_ROOT, Hash, node_hash};

use super::TILE_HEIGHT;
use super::tile::{HashReader, Tile, TreeError};

/// Hashes of parts of the tree of `size` entries; each tile is read once.
pub(crate) struct Subtrees<R> {
    reader: R,
    size: u64,
    seen: Vec<(Tile, Vec<Hash>)>,
}

impl<R: HashReader> Subtrees<R> {
    pub(crate) const fn new(reader: R, size: u64) -> Self {
        Self {
            reader,
            size,
            seen: Vec::new(),
        }
    }

    /// RFC 6962 MTH over the entries `from..to`. The tree's own splits only: `from`
    /// is a multiple of the largest power of two in `to - from`.
    pub(crate) fn root(&mut self, from: u64, to: u64) -> Result<Hash, TreeError<R::Error>> {
        Ok(fold(&self.complete(from, to)?))
    }

    /// Roots of the complete subtrees that make up `from..to`, largest first.
    pub(super) fn complete(
        &mut self,
        mut from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, TreeError<R::Error>> {
        let mut roots = Vec::new();
        while let Some(height) = to.saturating_sub(from).checked_ilog2() {
            roots.push(self.subtree(height, from >> height)?);
            from += 1 << height;
        }
        Ok(roots)
    }

    /// Root over the entries `index << height .. (index + 1) << height`.
    fn subtree(&mut self, height: u32, index: u64) -> Result<Hash, TreeError<R::Error>> {
        let (level, spread) = (height / TILE_HEIGHT, height % TILE_HEIGHT);
        let (first, count) = (index << spread, 1_usize << spread);
        let tile = self.tile(level, first >> TILE_HEIGHT);
        let offset = usize::try_from(first - tile.first()).unwrap_or(usize::MAX);
        let hashes = self.hashes(tile)?;
        let part = hashes.get(offset..offset.saturating_add(count));
        let mut row = part
            .ok_or(TreeError::Short {
                tile,
                got: hashes.len(),
            })?
            .to_vec();
        while row.len() > 1 {
            let pairs = row.chunks(2);
            row = pairs
                .filter_map(|pair| pair.iter().copied().reduce(|l, r| node_hash(&l, &r)))
                .collect();
        }
        row.first()
            .copied()
            .ok_or(TreeError::Short { tile, got: 0 })
    }

    /// The tile as wide as it stands in the tree of `size` entries.
    fn tile(&self, level: u32, index: u64) -> Tile {
        let stored = self.size >> (level * TILE_HEIGHT);
        let width = stored
            .saturating_sub(index << TILE_HEIGHT)
            .min(1 << TILE_HEIGHT);
        Tile {
            level: u8::try_from(level).unwrap_or(u8::MAX),
            index,
            width: u16::try_from(width).unwrap_or(u16::MAX),
        }
    }

    fn hashes(&mut self, tile: Tile) -> Result<&[Hash], TreeError<R::Error>> {
        let at = match self.seen.iter().position(|(seen, _)| *seen == tile) {
            Some(at) => at,
            None => {
                let hashes = self.reader.read(tile).map_err(TreeError::Read)?;
                if hashes.len() != usize::from(tile.width) {
                    return Err(TreeError::Short {
                        tile,
                        got: hashes.len(),
                    });
                }
                self.seen.push((tile, hashes));
                self.seen.len() - 1
            }
        };
        Ok(self.seen.get(at).map_or(&[], |(_, hashes)| hashes))
    }
}

/// Root over adjoining complete subtrees, largest first.
pub(super) fn fold(peaks: &[Hash]) -> Hash {
    let mut from_right = peaks.iter().rev();
    let Some(&last) = from_right.next() else {
        return EMPTY_ROOT;
    };
    from_right.fold(last, |right, left| node_hash(left, &right))
}
