use crate::hash::{Hash, node_hash};
use crate::tree::{HashReader, MAX_SIZE, Subtrees, Tile, TreeError, record};

use super::{ProofError, same, split};

/// The proof that entry `index` is in the tree of `size` entries, lowest hash first.
///
/// # Errors
/// `index` is not below `size`, `size` is too large, or hashes cannot be read.
pub fn inclusion<R: HashReader>(
    reader: R,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, TreeError<R::Error>> {
    if size > MAX_SIZE {
        return Err(TreeError::OutOfRange {
            what: "the size",
            got: size,
            limit: MAX_SIZE,
        });
    }
    if index >= size {
        return Err(TreeError::OutOfRange {
            what: "the index",
            got: index,
            limit: size,
        });
    }
    let mut subtrees = Subtrees::new(reader, size);
    let (mut from, mut to, mut path) = (0, size, Vec::new());
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(subtrees.root(middle, to)?);
            to = middle;
        } else {
            path.push(subtrees.root(from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The tiles [`inclusion`] reads; none where `index` is not below `size`.
#[must_use]
pub fn tiles_for_inclusion(index: u64, size: u64) -> Vec<Tile> {
    record(|reader| inclusion(reader, index, size))
}

/// Checks that an entry with this leaf hash is at `index` in the tree of `size`
/// entries with this root.
///
/// # Errors
/// The proof does not show it.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange {
            what: "the index",
            got: index,
            size,
        });
    }
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A right edge without a left sibling at this height has no hash in the proof.
            let skip = node.trailing_zeros();
            (node, last) = (node >> skip, last >> skip);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    same(root, hash)
}
