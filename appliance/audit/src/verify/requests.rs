use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::leaf::{Entry, Kind, Outcome};

use super::report::{Concern, LISTED, OpenRequest, Report};

/// How many requests with an outcome are remembered to notice a second reservation or
/// a late outcome; the oldest are forgotten first. About 100 bytes each.
pub const CLOSED_REQUESTS: usize = 1_000_000;

/// The first 16 bytes of SHA-256 of a request id.
type Key = [u8; 16];

struct Seen {
    reserved: u64,
    last: Option<Outcome>,
}

/// What the log said so far about each signing request.
pub(super) struct Requests {
    seen: BTreeMap<Key, Seen>,
    /// By index of the reservation.
    open: BTreeMap<u64, String>,
    /// With the index of the reservation that was closed.
    closed: VecDeque<(Key, u64)>,
    keep: usize,
}

impl Requests {
    pub(super) const fn new(keep: usize) -> Self {
        Self {
            seen: BTreeMap::new(),
            open: BTreeMap::new(),
            closed: VecDeque::new(),
            keep,
        }
    }

    pub(super) fn note(&mut self, index: u64, entry: &Entry<'_>) -> Option<Concern> {
        let id = entry.request.as_deref()?;
        match (entry.kind, entry.outcome()) {
            (Kind::SignReserved, _) => self.reserve(index, id),
            (Kind::SignOutcome, Some(outcome)) => self.settle(index, id, outcome),
            _ => None,
        }
    }

    fn reserve(&mut self, index: u64, id: &str) -> Option<Concern> {
        // What was given back may be judged, and reserved, again under the same id.
        let seen = self.seen.get(&key(id));
        if let Some(seen) = seen.filter(|seen| !seen.last.is_some_and(Outcome::releases)) {
            let (request, first) = (id.to_owned(), seen.reserved);
            return Some(Concern::ReservedTwice {
                index,
                request,
                first,
            });
        }
        self.seen.insert(
            key(id),
            Seen {
                reserved: index,
                last: None,
            },
        );
        self.open.insert(index, id.to_owned());
        None
    }

    fn settle(&mut self, index: u64, id: &str, outcome: Outcome) -> Option<Concern> {
        let request = || id.to_owned();
        let Some(seen) = self.seen.get_mut(&key(id)) else {
            return Some(Concern::OutcomeWithoutReservation {
                index,
                request: request(),
            });
        };
        let before = seen.last.replace(outcome);
        if before.is_none() {
            self.open.remove(&seen.reserved);
            self.closed.push_back((key(id), seen.reserved));
        }
        if self.closed.len() > self.keep
            && let Some((oldest, reserved)) = self.closed.pop_front()
            && self
                .seen
                .get(&oldest)
                .is_some_and(|seen| seen.reserved == reserved)
        {
            self.seen.remove(&oldest);
        }
        let released = before.is_some_and(Outcome::releases);
        (released && !outcome.releases()).then(|| Concern::SignedAfterRelease {
            index,
            request: request(),
        })
    }

    pub(super) fn list_open(self, report: &mut Report) {
        report.open_total = self.open.len() as u64;
        let oldest = self.open.into_iter().take(LISTED);
        report.open = oldest
            .map(|(index, request)| OpenRequest { index, request })
            .collect();
    }
}

fn key(id: &str) -> Key {
    let mut key = [0; 16];
    for (byte, hash) in key.iter_mut().zip(Sha256::digest(id)) {
        *byte = hash;
    }
    key
}
