use std::collections::BTreeMap;

use crate::{Cause, StoreError};

/// Where a [`super::MemoryStore`] can be told to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// `Store::begin`.
    Begin,
    /// `Store::progress`.
    Progress,
    /// `Store::hashes`.
    Hashes,
    /// `Store::idempotency_keys`.
    Keys,
    /// Any other read of `Store`.
    Read,
    /// `Txn::find_requests`.
    FindRequests,
    /// `Txn::load_usage`.
    LoadUsage,
    /// `Txn::commit`: the one write point.
    Commit,
}

impl Point {
    /// Every point.
    pub const ALL: [Self; 8] = [
        Self::Begin,
        Self::Progress,
        Self::Hashes,
        Self::Keys,
        Self::Read,
        Self::FindRequests,
        Self::LoadUsage,
        Self::Commit,
    ];
}

/// How a call fails. Only a commit can have been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Failed, said to be not done, and not done.
    NotDone,
    /// Failed, not known whether it was done, and not done.
    UnknownNotDone,
    /// Failed, not known whether it was done, but done.
    UnknownDone,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 3] = [Self::NotDone, Self::UnknownNotDone, Self::UnknownDone];

    pub(super) fn is_done(self) -> bool {
        self == Self::UnknownDone
    }

    pub(super) fn error(self, point: Point) -> StoreError {
        let cause = Cause::new(format!("planned fault at {point:?}"));
        match self {
            _ if point != Point::Commit => StoreError::Unavailable(cause),
            Self::NotDone => StoreError::NotDone(cause),
            Self::UnknownNotDone | Self::UnknownDone => StoreError::Unknown(cause),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Plan {
    reached: BTreeMap<Point, u32>,
    faults: BTreeMap<(Point, u32), Fault>,
}

impl Plan {
    pub(super) fn add(&mut self, point: Point, nth: u32, fault: Fault) {
        let at = self.reached(point).saturating_add(nth);
        self.faults.insert((point, at), fault);
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }

    pub(super) fn reached(&self, point: Point) -> u32 {
        self.reached.get(&point).copied().unwrap_or(0)
    }

    pub(super) fn pass(&mut self, point: Point) -> Result<(), StoreError> {
        self.next(point)
            .map_or(Ok(()), |fault| Err(fault.error(point)))
    }

    pub(super) fn at_commit(&mut self) -> Option<Fault> {
        self.next(Point::Commit)
    }

    fn next(&mut self, point: Point) -> Option<Fault> {
        let reached = self.reached.entry(point).or_default();
        *reached = reached.saturating_add(1);
        self.faults.remove(&(point, *reached))
    }
}
