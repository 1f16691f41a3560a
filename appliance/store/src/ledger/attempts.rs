use std::collections::HashMap;

use countersign_policy::LimitKey;

use super::recorded::{Abandoned, Ticket};

/// One amount that a request holds in one bucket of one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) key: LimitKey,
    pub(super) bucket: i64,
    pub(super) amount: u128,
}

#[derive(Debug, Default)]
struct Attempt {
    live: usize,
    may_have_signed: bool,
    held: Vec<Held>,
}

/// The attempts to sign that are under way in this process, by request number.
///
/// A request that is not here was reserved by an earlier process, or an attempt at it ended
/// in a way that leaves open whether it was signed: its reservation can never be given back.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    by_seq: HashMap<u64, Attempt>,
    abandoned: Abandoned,
}

impl Attempts {
    /// The first attempt under a reservation just made.
    pub(super) fn first(&mut self, seq: u64, held: Vec<Held>) -> Ticket {
        let attempt = Attempt {
            live: 1,
            may_have_signed: false,
            held,
        };
        self.by_seq.insert(seq, attempt);
        Ticket::new(seq, self.abandoned.clone())
    }

    /// One more attempt under an earlier reservation.
    pub(super) fn again(&mut self, seq: u64) -> Ticket {
        let attempt = self.by_seq.entry(seq).or_insert_with(|| Attempt {
            may_have_signed: true,
            ..Attempt::default()
        });
        attempt.live = attempt.live.saturating_add(1);
        Ticket::new(seq, self.abandoned.clone())
    }

    /// An attempt ended that may have signed.
    pub(super) fn ended(&mut self, seq: u64) {
        self.end(seq, true);
    }

    /// An attempt ended that certainly did not sign. Returns what to give back, if that is
    /// now certain of all attempts there were and will be.
    pub(super) fn ended_unsigned(&mut self, seq: u64) -> Option<Vec<Held>> {
        self.end(seq, false)
    }

    /// How many requests are being signed, as far as is known.
    pub(super) fn open(&self) -> usize {
        self.by_seq.len()
    }

    /// Ends the attempts whose evidence was dropped.
    pub(super) fn sweep(&mut self) {
        for seq in self.abandoned.take() {
            self.ended(seq);
        }
    }

    fn end(&mut self, seq: u64, may_have_signed: bool) -> Option<Vec<Held>> {
        let attempt = self.by_seq.get_mut(&seq)?;
        attempt.live = attempt.live.saturating_sub(1);
        attempt.may_have_signed |= may_have_signed;
        if attempt.live > 0 {
            return None;
        }
        let attempt = self.by_seq.remove(&seq)?;
        (!attempt.may_have_signed).then_some(attempt.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_attempt_known_unsigned_gives_back() {
        let mut attempts = Attempts::default();
        attempts.first(1, Vec::new()).close();
        attempts.again(1).close();
        assert_eq!(attempts.ended_unsigned(1), None);
        assert_eq!(attempts.ended_unsigned(1), Some(Vec::new()));
    }

    #[test]
    fn one_attempt_that_may_have_signed_keeps_the_reservation() {
        let mut attempts = Attempts::default();
        attempts.first(1, Vec::new()).close();
        attempts.again(1).close();
        attempts.ended(1);
        assert_eq!(attempts.ended_unsigned(1), None);
        attempts.again(1).close();
        assert_eq!(attempts.ended_unsigned(1), None);
    }

    #[test]
    fn an_attempt_of_an_earlier_process_keeps_the_reservation() {
        let mut attempts = Attempts::default();
        attempts.again(7).close();
        assert_eq!(attempts.ended_unsigned(7), None);
    }

    #[test]
    fn a_dropped_ticket_counts_as_one_that_may_have_signed() {
        let mut attempts = Attempts::default();
        drop(attempts.first(1, Vec::new()));
        attempts.again(1).close();
        attempts.sweep();
        assert_eq!(attempts.ended_unsigned(1), None);
    }
}
