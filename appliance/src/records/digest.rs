//! One digest over the MACs of all rows that grant power, kept up to date row by row.
//!
//! A MAC proves that a row was written by this appliance; it does not prove that it is the
//! *latest* version, or that no other row is gone. This digest does: it covers the MAC of every
//! current row. Rows fall into 256 × 256 fixed buckets; a change hashes one bucket and two
//! lists of 256 digests, whatever the number of rows.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::Mac;
use super::kind::{Kind, RowKey};

const FAN_OUT: usize = 256;

#[derive(Debug, Clone, Default)]
struct Shelf {
    buckets: BTreeMap<u8, BTreeMap<RowKey, Mac>>,
    digests: BTreeMap<u8, [u8; 32]>,
}

/// The MACs of all current rows, and their digest.
#[derive(Debug, Clone)]
pub(super) struct RowSet {
    shelves: Vec<Shelf>,
    digests: Vec<[u8; 32]>,
    count: u64,
    of_kind: BTreeMap<Kind, usize>,
}

impl RowSet {
    pub(super) fn new() -> Self {
        Self {
            shelves: vec![Shelf::default(); FAN_OUT],
            digests: vec![[0; 32]; FAN_OUT],
            count: 0,
            of_kind: BTreeMap::new(),
        }
    }

    /// The MAC the latest version of a row has, if there is such a row.
    pub(super) fn mac(&self, key: &RowKey) -> Option<&Mac> {
        let (shelf, bucket) = place(key);
        self.shelves.get(shelf)?.buckets.get(&bucket)?.get(key)
    }

    /// Number of rows.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Number of rows of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> usize {
        self.of_kind.get(&kind).copied().unwrap_or(0)
    }

    /// Takes a row in, or replaces its earlier version, without renewing the digests.
    pub(super) fn load(&mut self, key: RowKey, mac: Mac) {
        let (shelf, _) = place(&key);
        if let Some(shelf) = self.shelves.get_mut(shelf)
            && shelf.insert(key, mac)
        {
            self.count += 1;
            *self.of_kind.entry(key.0).or_default() += 1;
        }
    }

    /// What the set becomes with these rows taken in. Nothing changes before
    /// [`RowSet::apply`].
    pub(super) fn prepare(&self, rows: &[(RowKey, Mac)]) -> Prepared {
        let mut shelves: BTreeMap<usize, Shelf> = BTreeMap::new();
        let mut count = self.count;
        let mut of_kind = self.of_kind.clone();
        for (key, mac) in rows {
            let (number, bucket) = place(key);
            let shelf = shelves
                .entry(number)
                .or_insert_with(|| self.shelves.get(number).cloned().unwrap_or_default());
            if shelf.insert(*key, *mac) {
                count += 1;
                *of_kind.entry(key.0).or_default() += 1;
            }
            shelf.renew(bucket);
        }
        let mut digests = self.digests.clone();
        for (number, shelf) in &shelves {
            if let Some(digest) = digests.get_mut(*number) {
                *digest = shelf.digest();
            }
        }
        Prepared {
            shelves,
            digests,
            count,
            of_kind,
        }
    }

    /// Takes a prepared change in.
    pub(super) fn apply(&mut self, prepared: Prepared) {
        for (number, shelf) in prepared.shelves {
            if let Some(place) = self.shelves.get_mut(number) {
                *place = shelf;
            }
        }
        self.digests = prepared.digests;
        self.count = prepared.count;
        self.of_kind = prepared.of_kind;
    }

    /// Computes every digest; once, after the rows were loaded.
    pub(super) fn renew_all(&mut self) {
        for (shelf, digest) in self.shelves.iter_mut().zip(&mut self.digests) {
            let buckets: Vec<u8> = shelf.buckets.keys().copied().collect();
            buckets.into_iter().for_each(|bucket| shelf.renew(bucket));
            *digest = shelf.digest();
        }
    }

    /// The digest over all rows.
    pub(super) fn root(&self) -> [u8; 32] {
        root(self.count, &self.digests)
    }
}

/// A change that is not taken in yet.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    shelves: BTreeMap<usize, Shelf>,
    digests: Vec<[u8; 32]>,
    count: u64,
    of_kind: BTreeMap<Kind, usize>,
}

impl Prepared {
    /// Number of rows with the change.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The digest over all rows with the change.
    pub(super) fn root(&self) -> [u8; 32] {
        root(self.count, &self.digests)
    }
}

impl Shelf {
    /// Answers whether the row is new.
    fn insert(&mut self, key: RowKey, mac: Mac) -> bool {
        let (_, bucket) = place(&key);
        let before = self.buckets.entry(bucket).or_default().insert(key, mac);
        before.is_none()
    }

    fn renew(&mut self, bucket: u8) {
        let mut hasher = Sha256::new_with_prefix(b"countersign/rows/bucket/v1\0");
        for ((kind, id), mac) in self.buckets.get(&bucket).into_iter().flatten() {
            hasher.update([*kind as u8]);
            hasher.update(id);
            hasher.update(mac);
        }
        self.digests.insert(bucket, hasher.finalize().into());
    }

    fn digest(&self) -> [u8; 32] {
        if self.digests.is_empty() {
            return [0; 32];
        }
        let mut hasher = Sha256::new_with_prefix(b"countersign/rows/shelf/v1\0");
        for (bucket, digest) in &self.digests {
            hasher.update([*bucket]);
            hasher.update(digest);
        }
        hasher.finalize().into()
    }
}

fn root(count: u64, digests: &[[u8; 32]]) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"countersign/rows/v1\0");
    hasher.update(count.to_be_bytes());
    digests.iter().for_each(|digest| hasher.update(digest));
    hasher.finalize().into()
}

fn place(key: &RowKey) -> (usize, u8) {
    let [shelf, bucket, ..] = key.1;
    (usize::from(shelf), bucket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn from_scratch(rows: &[(RowKey, Mac)]) -> [u8; 32] {
        let mut set = RowSet::new();
        rows.iter().for_each(|(key, mac)| set.load(*key, *mac));
        set.renew_all();
        set.root()
    }

    fn rows() -> impl Strategy<Value = Vec<(RowKey, Mac)>> {
        let row = (0_u8..4, any::<u8>(), 0_u8..0xee).prop_map(|(bucket, id, mac)| {
            let mut key = [id; 16];
            key[0] = 0;
            key[1] = bucket;
            ((Kind::Wallet, key), [mac; 32])
        });
        proptest::collection::vec(row, 0..40)
    }

    proptest! {
        #[test]
        fn row_by_row_equals_all_at_once(rows in rows()) {
            let mut set = RowSet::new();
            set.renew_all();
            let prepared = set.prepare(&rows);
            let root = prepared.root();
            set.apply(prepared);
            prop_assert_eq!(set.root(), root);
            prop_assert_eq!(set.of_kind(Kind::Wallet) as u64, set.count());
            prop_assert_eq!(set.of_kind(Kind::User), 0);
            prop_assert_eq!(set.root(), from_scratch(&rows));
        }

        #[test]
        fn an_older_or_missing_row_changes_the_digest(rows in rows(), at in any::<prop::sample::Index>()) {
            prop_assume!(!rows.is_empty());
            let root = from_scratch(&rows);
            let (key, _) = rows[at.index(rows.len())];
            let mut older = rows.clone();
            older.push((key, [0xee; 32]));
            prop_assert_ne!(from_scratch(&older), root);
            let missing: Vec<_> = rows.iter().filter(|(other, _)| *other != key).copied().collect();
            prop_assert_ne!(from_scratch(&missing), root);
        }
    }
}
