//! Sliding-window arithmetic: what has been spent, and when room comes back.
//!
//! A window of length `W` is kept as at most 130 buckets of `g = ceil(W / 128)` microseconds. A
//! bucket counts until the last instant it can hold has left the window, so a window is never
//! overspent; it is too strict by less than one bucket, `W / 128`.

use std::collections::VecDeque;

use countersign_intent::{Span, Timestamp};

/// Buckets that one window is divided into.
pub const BUCKETS_PER_WINDOW: u64 = 128;

/// What was spent within one sliding window, for one limit and one scope.
///
/// Amounts are base units, micro-dollars or counts: whatever the limit counts. Time never runs
/// backwards here: an instant before the latest one anything was added at is treated as that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    length: Span,
    /// Length of one bucket in microseconds.
    bucket: i64,
    latest: Timestamp,
    buckets: VecDeque<(i64, u128)>,
    sum: u128,
    /// What counts at every instant.
    held: u128,
}

impl Window {
    /// A window in which nothing was spent.
    #[must_use]
    pub const fn new(length: Span) -> Self {
        Self {
            length,
            bucket: bucket_micros(length),
            latest: Timestamp::from_micros(i64::MIN),
            buckets: VecDeque::new(),
            sum: 0,
            held: 0,
        }
    }

    /// Restores a window from stored `(bucket, sum)` pairs, in any order; equal buckets add up.
    ///
    /// When in the newest bucket something was added last is not known again: the caller has to see
    /// to it that no later `now` is before the latest time that was recorded.
    #[must_use]
    pub fn restore(length: Span, stored: impl IntoIterator<Item = (i64, u128)>) -> Self {
        let mut window = Self::new(length);
        let mut pairs: Vec<_> = stored.into_iter().collect();
        pairs.sort_unstable_by_key(|(bucket, _)| *bucket);
        for (bucket, amount) in pairs {
            window.put(bucket, amount);
        }
        if let Some((newest, _)) = window.buckets.back() {
            let start = newest.saturating_mul(window.bucket);
            window.latest = Timestamp::from_micros(start);
        }
        window
    }

    /// The `(bucket, sum)` pairs that restore this window, oldest first.
    pub fn buckets(&self) -> impl Iterator<Item = (i64, u128)> {
        self.buckets.iter().copied()
    }

    /// Length of the window.
    #[must_use]
    pub const fn length(&self) -> Span {
        self.length
    }

    /// The bucket that an amount spent at `now` is added to.
    #[must_use]
    pub fn bucket_at(&self, now: Timestamp) -> i64 {
        let now = now.max(self.latest).micros();
        now.div_euclid(self.bucket)
    }

    /// The oldest bucket that still counts at `now`; stored buckets below it can be deleted.
    #[must_use]
    pub fn oldest_live(&self, now: Timestamp) -> i64 {
        let edge = now.max(self.latest).saturating_sub(self.length);
        // A bucket counts while its last instant, `(bucket + 1) * g - 1`, is not before the edge.
        edge.micros().div_euclid(self.bucket)
    }

    /// What counts at `now`: what was spent within the window, and what is held.
    #[must_use]
    pub fn used(&self, now: Timestamp) -> u128 {
        self.spent(now).saturating_add(self.held)
    }

    /// What counts at every instant: it may be spent at any, and nobody knows yet.
    #[must_use]
    pub const fn held(&self) -> u128 {
        self.held
    }

    /// Says how much counts at every instant from now on.
    pub const fn set_held(&mut self, amount: u128) {
        self.held = amount;
    }

    fn spent(&self, now: Timestamp) -> u128 {
        let oldest = self.oldest_live(now);
        if self.sum == u128::MAX {
            // Perhaps more than can be counted: what left cannot be taken off such a sum.
            let live = self.buckets.iter().filter(|(at, _)| *at >= oldest);
            return live.fold(0, |sum: u128, (_, amount)| sum.saturating_add(*amount));
        }
        let left = self.buckets.iter().take_while(|(at, _)| *at < oldest);
        left.fold(self.sum, |sum, (_, amount)| sum.saturating_sub(*amount))
    }

    /// Counts `amount` from `now` on and returns the bucket it went to: the one row to store.
    pub fn add(&mut self, now: Timestamp, amount: u128) -> i64 {
        self.latest = self.latest.max(now);
        let oldest = self.oldest_live(now);
        self.sum = self.spent(now);
        while self.buckets.front().is_some_and(|(at, _)| *at < oldest) {
            self.buckets.pop_front();
        }
        let bucket = self.bucket_at(now);
        self.put(bucket, amount);
        bucket
    }

    /// Takes back what `add` put into `bucket`, for a request that certainly was not signed.
    pub fn give_back(&mut self, bucket: i64, amount: u128) {
        if let Ok(index) = self.buckets.binary_search_by_key(&bucket, |(at, _)| *at)
            && let Some((_, held)) = self.buckets.get_mut(index)
        {
            let left = held.saturating_sub(amount);
            let returned = *held - left;
            *held = left;
            if self.sum < u128::MAX {
                self.sum = self.sum.saturating_sub(returned);
            }
        }
    }

    /// The earliest time at which `asked` fits under `limit`: `now` if it fits already, `None`
    /// if it never does.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp, asked: u128, limit: u128) -> Option<Timestamp> {
        let room = limit.checked_sub(asked)?;
        let mut used = self.used(now);
        let now = now.max(self.latest);
        if used <= room {
            return Some(now);
        }
        let oldest = self.oldest_live(now);
        for (bucket, amount) in self.buckets.iter().filter(|(at, _)| *at >= oldest) {
            used = used.saturating_sub(*amount);
            if used <= room {
                let end = bucket.saturating_add(1).saturating_mul(self.bucket);
                return Some(Timestamp::from_micros(end).saturating_add(self.length));
            }
        }
        None
    }

    /// When more than now will be left: the end of the oldest that still counts. `None` where
    /// nothing counts.
    #[must_use]
    pub fn frees_at(&self, now: Timestamp) -> Option<Timestamp> {
        let used = self.used(now);
        self.retry_after(now, 1, used)
    }

    fn put(&mut self, bucket: i64, amount: u128) {
        self.sum = self.sum.saturating_add(amount);
        match self.buckets.back_mut() {
            Some((at, held)) if *at == bucket => *held = held.saturating_add(amount),
            _ => self.buckets.push_back((bucket, amount)),
        }
    }
}

const fn bucket_micros(length: Span) -> i64 {
    let micros = length.micros().div_ceil(BUCKETS_PER_WINDOW);
    // At most 2^57: no window is longer than 64 bits of microseconds.
    if micros == 0 { 1 } else { micros.cast_signed() }
}

#[cfg(test)]
mod tests;
