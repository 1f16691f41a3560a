use std::collections::{BTreeMap, BTreeSet};

use super::seal::Sums;
use crate::{Store, StoreResult, Writes};

/// Requests remembered at most. Beyond it the oldest are forgotten, and nothing as old is signed
/// again. At 8 bytes each, and about as much for the tree.
const MOST: usize = 1 << 18;

/// The requests that were allowed and whose reservation was given back since, because it was certain
/// that nothing had been signed.
///
/// A row of an outcome that is gone, or of a request as it stood earlier, has no MAC that is wrong. So
/// whether a retry is signed under its earlier reservation is said by this and not by those rows: it
/// is in memory, and covered by the ledger's seal.
pub(super) struct GivenBack {
    seqs: BTreeSet<u64>,
    /// The first request of which that is known.
    from: u64,
    /// What the last commit left of those that changed since.
    before: BTreeMap<u64, bool>,
    from_before: u64,
}

/// What became of the reservation of a request that was allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reservation {
    /// It is there.
    Held,
    /// It was given back.
    GivenBack,
    /// The request is older than what is remembered.
    Forgotten,
}

impl GivenBack {
    /// Reads what is remembered; the seal over it is for the caller to check.
    pub(super) async fn load(store: &dyn Store, from: u64) -> StoreResult<Self> {
        // One too many does not fit the seal.
        let most = u32::try_from(MOST).unwrap_or(u32::MAX).saturating_add(1);
        let seqs = store.given_back(most).await?.into_iter().collect();
        Ok(Self {
            seqs,
            from,
            before: BTreeMap::new(),
            from_before: from,
        })
    }

    /// Adds everything to the sums.
    pub(super) fn add_to(&self, sums: &mut Sums) {
        self.seqs
            .iter()
            .for_each(|seq| sums.change_given_back(*seq, true));
        sums.put_given_back_from(self.from);
    }

    /// Whether nothing is known of any request up to this one.
    pub(super) fn knows_nothing(&self, last_request: u64) -> bool {
        self.seqs.is_empty() && self.from > last_request
    }

    /// What became of the reservation of a request that was allowed.
    pub(super) fn reservation(&self, seq: u64) -> Reservation {
        match self.seqs.contains(&seq) {
            true => Reservation::GivenBack,
            false if seq < self.from => Reservation::Forgotten,
            false => Reservation::Held,
        }
    }

    /// The reservation of a request was given back.
    pub(super) fn insert(&mut self, seq: u64) {
        if seq < self.from {
            return;
        }
        self.put(seq, true);
        while self.seqs.len() > MOST
            && let Some(oldest) = self.seqs.first().copied()
        {
            self.put(oldest, false);
            self.from = oldest.saturating_add(1);
        }
    }

    /// A request was allowed again, under a new reservation.
    pub(super) fn remove(&mut self, seq: u64) {
        self.put(seq, false);
    }

    fn put(&mut self, seq: u64, now: bool) {
        let before = match now {
            true => !self.seqs.insert(seq),
            false => self.seqs.remove(&seq),
        };
        self.before.entry(seq).or_insert(before);
    }

    /// Moves what changed into `writes`.
    pub(super) fn write_to(&mut self, writes: &mut Writes, sums: &mut Sums) {
        for (seq, before) in std::mem::take(&mut self.before) {
            let now = self.seqs.contains(&seq);
            if now == before {
                continue;
            }
            sums.change_given_back(seq, now);
            match now {
                true => writes.given_back.push(seq),
                false => writes.reserved_again.push(seq),
            }
        }
        if self.from != self.from_before {
            self.from_before = self.from;
            sums.put_given_back_from(self.from);
            writes.given_back_from = Some(self.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn empty() -> GivenBack {
        GivenBack {
            seqs: BTreeSet::new(),
            from: 1,
            before: BTreeMap::new(),
            from_before: 1,
        }
    }

    /// A sum in which every tag tells.
    fn sums() -> Sums {
        Sums::new(Arc::new(|bytes| {
            let last = bytes.iter().rev().take(8).rev();
            let number = last.fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
            let mut tag = [0; 32];
            let bytes = u128::from(number).to_be_bytes();
            tag.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
            tag
        }))
    }

    #[test]
    fn beyond_the_bound_the_oldest_are_forgotten_and_nothing_as_old_is_signed_again() {
        let (mut given_back, mut sums) = (empty(), sums());
        sums.put_given_back_from(1);
        let most = MOST as u64;
        (1..=most).for_each(|n| given_back.insert(2 * n));
        let mut writes = Writes::default();
        given_back.write_to(&mut writes, &mut sums);
        assert_eq!(writes.given_back.len(), MOST);
        assert_eq!(writes.given_back_from, None);
        assert_eq!(given_back.reservation(1), Reservation::Held);
        assert_eq!(given_back.reservation(2), Reservation::GivenBack);

        given_back.insert(2 * most + 2);
        let mut writes = Writes::default();
        given_back.write_to(&mut writes, &mut sums);
        assert_eq!(writes.given_back, [2 * most + 2]);
        assert_eq!(writes.reserved_again, [2]);
        assert_eq!(writes.given_back_from, Some(3));
        assert_eq!(given_back.reservation(1), Reservation::Forgotten);
        assert_eq!(given_back.reservation(2), Reservation::Forgotten);
        assert_eq!(given_back.reservation(3), Reservation::Held);
        given_back.insert(2);
        assert_eq!(given_back.reservation(2), Reservation::Forgotten);

        let mut again = self::sums();
        given_back.add_to(&mut again);
        assert_eq!(again.total(), sums.total());
    }

    #[test]
    fn what_comes_and_goes_between_two_commits_is_not_written() {
        let (mut given_back, mut sums) = (empty(), sums());
        given_back.insert(5);
        given_back.remove(5);
        given_back.remove(6);
        let mut writes = Writes::default();
        given_back.write_to(&mut writes, &mut sums);
        assert!(writes.is_empty());
        given_back.insert(5);
        given_back.write_to(&mut writes, &mut sums);
        given_back.remove(5);
        given_back.insert(5);
        let mut writes = Writes::default();
        given_back.write_to(&mut writes, &mut sums);
        assert!(writes.is_empty());
    }
}
