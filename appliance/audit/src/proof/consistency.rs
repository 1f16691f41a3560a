use crate::hash::{EMPTY_ROOT, Hash, node_hash};
use crate::tree::{HashReader, MAX_SIZE, Subtrees, Tile, TreeError, record};

use super::{ProofError, same, split};

/// The proof that the tree of `new` entries begins with the tree of `old` entries.
/// Empty where `old` is 0 or equals `new`.
///
/// # Errors
/// `old` is above `new`, `new` is too large, or hashes cannot be read.
pub fn consistency<R: HashReader>(
    reader: R,
    old: u64,
    new: u64,
) -> Result<Vec<Hash>, TreeError<R::Error>> {
    if new > MAX_SIZE {
        return Err(TreeError::OutOfRange {
            what: "the size",
            got: new,
            limit: MAX_SIZE,
        });
    }
    if old > new {
        return Err(TreeError::OutOfRange {
            what: "the old size",
            got: old,
            limit: new + 1,
        });
    }
    let mut proof = Vec::new();
    if old == 0 {
        return Ok(proof);
    }
    let mut subtrees = Subtrees::new(reader, new);
    let (mut from, mut to) = (0, new);
    while old < to {
        let middle = from + split(to - from);
        if old <= middle {
            proof.push(subtrees.root(middle, to)?);
            to = middle;
        } else {
            proof.push(subtrees.root(from, middle)?);
            from = middle;
        }
    }
    if from > 0 {
        proof.push(subtrees.root(from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The tiles [`consistency`] reads; none where `old` is above `new`.
#[must_use]
pub fn tiles_for_consistency(old: u64, new: u64) -> Vec<Tile> {
    record(|reader| consistency(reader, old, new))
}

/// Checks that the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`).
///
/// # Errors
/// The proof does not show it.
pub fn verify_consistency(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange {
            what: "the old size",
            got: old,
            size: new,
        });
    }
    if old == 0 || old == new {
        if !proof.is_empty() {
            return Err(ProofError::Length(proof.len()));
        }
        return same(if old == 0 { EMPTY_ROOT } else { new_root }, old_root);
    }
    climb(old, old_root, new, new_root, proof)
}

/// For 0 < `old` < `new`.
fn climb(
    old: u64,
    old_root: Hash,
    new: u64,
    new_root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    // An old tree that is one complete subtree is its own starting point.
    let start = old.is_power_of_two().then_some(old_root);
    let mut hashes = start.iter().chain(proof);
    let Some(&first) = hashes.next() else {
        return Err(ProofError::Length(0));
    };
    let shift = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> shift, (new - 1) >> shift);
    let (mut old_hash, mut new_hash) = (first, first);
    for hash in hashes {
        if last == 0 {
            return Err(ProofError::Length(proof.len()));
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(hash, &old_hash);
            new_hash = node_hash(hash, &new_hash);
            let skip = node.trailing_zeros();
            (node, last) = (node >> skip, last >> skip);
        } else {
            new_hash = node_hash(&new_hash, hash);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    if last != 0 {
        return Err(ProofError::Length(proof.len()));
    }
    same(old_root, old_hash)?;
    same(new_root, new_hash)
}
