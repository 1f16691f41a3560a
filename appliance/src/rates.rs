//! How fast one principal may do what costs everybody: fill the log, and keep the writer busy.
//!
//! A request that signs nothing (a dry run, a refusal, one that cannot be read) costs its principal
//! one of what [`Rate::per_second`] gives back; signatures cost nothing. Who has used up more than
//! [`Rate::burst`] is slowed down to the rate first, and refused only where that would take longer
//! than [`PATIENCE`], after which it is not logged either. Nobody waits for anybody else.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use countersign_intent::Principal;
use lru::LruCache;

/// How long a request is held back before it is refused instead.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Principals that are remembered; whoever asked least lately is forgotten.
const REMEMBERED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// A rate, and how far ahead of it one may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Requests in a second; any number, if 0.
    pub per_second: u32,
    /// Requests at once after a rest.
    pub burst: u32,
}

/// What a request has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Go on after this long.
    After(Duration),
    /// Come again after this long.
    Again(Duration),
}

/// The generic cell rate algorithm (ITU-T I.371), one cell for each principal: the moment at which
/// all that was asked would have been asked at exactly the rate.
#[derive(Debug)]
pub struct Rates {
    rate: Rate,
    asked_until: Mutex<LruCache<Principal, Duration>>,
}

impl Rates {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            asked_until: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }

    /// The rate.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Charges one request, at `now` on the monotonic clock, unless it has to come again.
    pub fn charge(&self, who: &Principal, now: Duration) -> Turn {
        self.ask(who, now, 1)
    }

    /// When a request may go on that is charged afterwards, if at all.
    pub fn look(&self, who: &Principal, now: Duration) -> Turn {
        self.ask(who, now, 0)
    }

    /// Charges a request that went on, now that it is known to cost something.
    pub fn charge_afterwards(&self, who: &Principal, now: Duration) {
        let Some(interval) = self.interval() else {
            return;
        };
        let mut asked = self.lock();
        let until = asked.get(who).copied().unwrap_or_default().max(now);
        // Requests under way at once can run up a debt; it does not outgrow one burst.
        let most = now.saturating_add(interval.saturating_mul(self.rate.burst.saturating_mul(2)));
        let until = until.saturating_add(interval).min(most);
        asked.put(who.clone(), until);
    }

    fn ask(&self, who: &Principal, now: Duration, cost: u32) -> Turn {
        let Some(interval) = self.interval() else {
            return Turn::After(Duration::ZERO);
        };
        let mut asked = self.lock();
        let until = asked.get(who).copied().unwrap_or_default().max(now);
        let until = until.saturating_add(interval.saturating_mul(cost));
        let allowed = now.saturating_add(interval.saturating_mul(self.rate.burst.max(1)));
        let wait = until.saturating_sub(allowed);
        if wait > PATIENCE {
            return Turn::Again(wait);
        }
        if cost > 0 {
            asked.put(who.clone(), until);
        }
        Turn::After(wait)
    }

    fn interval(&self) -> Option<Duration> {
        Duration::from_secs(1).checked_div(self.rate.per_second)
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<Principal, Duration>> {
        self.asked_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(text: &str) -> Principal {
        text.parse().unwrap()
    }

    fn rates(per_second: u32, burst: u32) -> Rates {
        Rates::new(Rate { per_second, burst })
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn after_a_burst_requests_are_slowed_down_and_then_refused() {
        let (rates, bot) = (rates(10, 5), who("bot/a"));
        for _ in 0..5 {
            assert_eq!(rates.charge(&bot, SECOND), Turn::After(Duration::ZERO));
        }
        for number in 1..=10 {
            let wait = Duration::from_millis(100) * number;
            assert_eq!(rates.charge(&bot, SECOND), Turn::After(wait));
        }
        for _ in 0..1_000 {
            // A refusal costs nothing: it does not put the next one off.
            let again = Turn::Again(Duration::from_millis(1_100));
            assert_eq!(rates.charge(&bot, SECOND), again);
        }
        assert_eq!(
            rates.charge(&who("bot/b"), SECOND),
            Turn::After(Duration::ZERO)
        );
        assert_eq!(rates.charge(&bot, 10 * SECOND), Turn::After(Duration::ZERO));
    }

    /// In no stretch of time does anybody get more than the burst and what the rate gives.
    #[test]
    fn the_rate_holds_over_any_stretch() {
        let (rates, bot) = (rates(100, 20), who("bot/a"));
        let mut gone_on = 0;
        for milli in 0..5_000_u32 {
            let now = Duration::from_millis(milli.into());
            for _ in 0..10 {
                gone_on += u32::from(matches!(rates.charge(&bot, now), Turn::After(_)));
            }
            assert!(
                gone_on <= 20 + 100 + milli / 10 + 1,
                "{gone_on} at {milli} ms"
            );
        }
        assert!(gone_on >= 500, "{gone_on}");
    }

    #[test]
    fn what_costs_nothing_is_not_charged_and_debts_are_paid_back() {
        let (rates, bot) = (rates(10, 5), who("bot/a"));
        for _ in 0..1_000 {
            assert_eq!(rates.look(&bot, SECOND), Turn::After(Duration::ZERO));
        }
        for _ in 0..1_000 {
            rates.charge_afterwards(&bot, SECOND);
        }
        assert_eq!(
            rates.look(&bot, SECOND),
            Turn::After(Duration::from_millis(500))
        );
        assert_eq!(rates.look(&bot, 2 * SECOND), Turn::After(Duration::ZERO));
    }

    #[test]
    fn no_rate_is_no_bound() {
        let (rates, bot) = (rates(0, 0), who("bot/a"));
        for _ in 0..10_000 {
            assert_eq!(rates.charge(&bot, SECOND), Turn::After(Duration::ZERO));
        }
    }
}
