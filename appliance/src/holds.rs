//! How many requests of each principal wait for people: those who approve can look at so many, and
//! one bot must not bury the others' under its own.
//!
//! Counted on the ledger's writer, so that it is exact, beginning with those that waited at the start
//! (`governance/held.rs`). What was counted for a commit that failed stays counted until it would have
//! lapsed, or until the next start: too strict, never too loose.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_intent::{Principal, RequestId, Timestamp};

/// The requests that wait, by who asked.
#[derive(Debug)]
pub struct Holds {
    most: usize,
    of: Mutex<HashMap<Principal, HashMap<RequestId, Timestamp>>>,
}

/// One principal's requests that wait are as many as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany {
    /// As many.
    pub most: usize,
    /// When the first of them lapses.
    pub until: Timestamp,
}

impl Holds {
    /// At most so many of each principal.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            of: Mutex::default(),
        }
    }

    /// Whether one more may wait.
    ///
    /// # Errors
    /// As many wait as may.
    pub fn room(&self, who: &Principal, now: Timestamp) -> Result<(), TooMany> {
        let mut of = self.lock();
        let Some(waiting) = of.get_mut(who) else {
            return Ok(());
        };
        if waiting.len() < self.most {
            return Ok(());
        }
        waiting.retain(|_, expires_at| *expires_at > now);
        match waiting.values().min() {
            Some(until) if waiting.len() >= self.most => Err(TooMany {
                most: self.most,
                until: *until,
            }),
            _ => Ok(()),
        }
    }

    /// It waits from now on.
    pub fn add(&self, who: &Principal, id: RequestId, expires_at: Timestamp) {
        let mut of = self.lock();
        of.entry(who.clone()).or_default().insert(id, expires_at);
    }

    /// It was released or rejected.
    pub fn remove(&self, who: &Principal, id: RequestId) {
        let mut of = self.lock();
        if let Some(waiting) = of.get_mut(who) {
            waiting.remove(&id);
            if waiting.is_empty() {
                of.remove(who);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Principal, HashMap<RequestId, Timestamp>>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_freed_by_an_answer_and_by_time() {
        let holds = Holds::new(2);
        let [bot, other] = ["bot/a", "bot/b"].map(|text| text.parse::<Principal>().unwrap());
        let at = Timestamp::from_micros;
        let id = |number| RequestId::from_bytes([number; 16]);
        for number in 1..=2 {
            assert_eq!(holds.room(&bot, at(0)), Ok(()));
            holds.add(&bot, id(number), at(100 * i64::from(number)));
        }
        let full = Err(TooMany {
            most: 2,
            until: at(100),
        });
        assert_eq!(holds.room(&bot, at(99)), full);
        assert_eq!(holds.room(&other, at(99)), Ok(()));
        assert_eq!(holds.room(&bot, at(100)), Ok(()));
        holds.add(&bot, id(3), at(300));
        assert!(holds.room(&bot, at(100)).is_err());
        holds.remove(&bot, id(2));
        assert_eq!(holds.room(&bot, at(100)), Ok(()));
        holds.remove(&bot, id(3));
        assert!(holds.lock().is_empty());
    }
}
