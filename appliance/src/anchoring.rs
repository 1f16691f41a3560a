//! Whether the token's own memory of the log is renewed. While it is not, a database set back could
//! go unnoticed: the appliance is degraded at once, and after `log.anchor_grace` nothing leaves any
//! more; trades go on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two tries while it cannot be renewed: the first distance, doubled up to the last where a try
/// may leave something behind, as a token on a full file system keeps something of every one.
const AGAIN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(60);

/// What a try that failed leaves on the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The token did not act: it is tried again soon, so that a token that was away for a moment is
    /// taken up within seconds.
    Nothing,
    /// The token may have written: it is tried again ever more seldom.
    Something,
}

/// The state of the token's memory. Times are of the monotonic clock.
#[derive(Debug)]
pub struct Anchoring {
    grace: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    renewed: Option<Duration>,
    /// Entries of the log it covers.
    size: u64,
    failing: Option<Failing>,
}

#[derive(Debug)]
struct Failing {
    why: String,
    /// `None` where it was never renewed by this process: how long it fails is not known.
    since: Option<Duration>,
    again: Duration,
    /// The last distance after a try that may have left something, if there was one.
    pause: Option<Duration>,
}

impl Anchoring {
    /// Not renewed yet.
    #[must_use]
    pub fn new(grace: Duration) -> Self {
        Self {
            grace,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be renewed now for a log of `size` entries; `last` where the appliance stops.
    #[must_use]
    pub fn is_due(&self, now: Duration, every: Duration, size: u64, last: bool) -> bool {
        let state = self.lock();
        match (&state.failing, state.renewed) {
            (Some(failing), _) => last || now >= failing.again,
            (None, _) if size <= state.size => false,
            (None, Some(at)) => last || now.saturating_sub(at) >= every,
            (None, None) => true,
        }
    }

    /// It was renewed.
    pub fn renewed(&self, now: Duration, size: u64) {
        *self.lock() = State {
            renewed: Some(now),
            size,
            failing: None,
        };
    }

    /// It could not be renewed.
    pub fn failed(&self, now: Duration, why: String, left: Left) {
        metrics::counter!("countersign_anchor_failures_total").increment(1);
        let mut state = self.lock();
        let since = match &state.failing {
            Some(failing) => failing.since,
            None => state.renewed.map(|_| now),
        };
        let before = state.failing.as_ref().and_then(|failing| failing.pause);
        let (wait, pause) = match left {
            Left::Nothing => (AGAIN, before),
            Left::Something => {
                let longer = before.map_or(AGAIN, |pause| pause.saturating_mul(2).min(SELDOM));
                (longer, Some(longer))
            }
        };
        state.failing = Some(Failing {
            why,
            since,
            again: now.saturating_add(wait),
            pause,
        });
    }

    /// Why it is not as it should be, if it is not.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let grace = self.grace.as_secs();
        let state = self.lock();
        state.failing.as_ref().map(|failing| {
            format!(
                "the token's memory of the log is not renewed: {}; withdrawals stop {grace} s after the \
                 first failure",
                failing.why
            )
        })
    }

    /// Why nothing may leave any more, if that is so.
    #[must_use]
    pub fn overdue(&self, now: Duration) -> Option<String> {
        let state = self.lock();
        let failing = state.failing.as_ref()?;
        let over = failing
            .since
            .is_none_or(|since| now.saturating_sub(since) >= self.grace);
        over.then(|| {
            format!(
                "the token's memory of the log is not renewed ({}), so that a database set back could go \
                 unnoticed; only trades that nobody has to approve are signed until it is: see \
                 `/readyz`, make room on the token, then ask again under a new key",
                failing.why
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_leaves_stops_after_the_grace_and_goes_on_once_it_is_renewed() {
        let anchoring = Anchoring::new(at(600));
        anchoring.renewed(at(1), 5);
        assert!(anchoring.trouble().is_none());
        anchoring.failed(at(100), "full".to_owned(), Left::Something);
        assert!(anchoring.trouble().unwrap().contains("full"));
        assert!(anchoring.overdue(at(699)).is_none());
        anchoring.failed(at(650), "full".to_owned(), Left::Something);
        assert!(anchoring.overdue(at(700)).unwrap().contains("full"));
        anchoring.renewed(at(701), 6);
        assert!(anchoring.overdue(at(701)).is_none() && anchoring.trouble().is_none());
    }

    /// Otherwise a restart would begin the grace anew.
    #[test]
    fn where_it_was_never_renewed_nothing_leaves() {
        let anchoring = Anchoring::new(at(600));
        assert!(anchoring.overdue(at(0)).is_none());
        anchoring.failed(at(1), "full".to_owned(), Left::Something);
        assert!(anchoring.overdue(at(1)).is_some());
    }

    #[test]
    fn it_is_renewed_while_the_log_grows_and_tried_again_ever_more_seldom() {
        let anchoring = Anchoring::new(at(600));
        assert!(anchoring.is_due(at(0), at(60), 1, false));
        anchoring.renewed(at(0), 1);
        assert!(!anchoring.is_due(at(59), at(60), 2, false));
        assert!(anchoring.is_due(at(59), at(60), 2, true));
        assert!(
            !anchoring.is_due(at(70), at(60), 1, true),
            "it did not grow"
        );
        assert!(anchoring.is_due(at(60), at(60), 2, false));
        let mut now = at(60);
        let mut tries = 0;
        while now < at(3660) {
            if anchoring.is_due(now, at(60), 2, false) {
                anchoring.failed(now, "full".to_owned(), Left::Something);
                tries += 1;
            }
            now += at(1);
        }
        assert!((60..70).contains(&tries), "{tries}");
        // What failed is tried again although the log did not grow.
        assert!(anchoring.is_due(now + at(60), at(60), 0, false));
    }

    /// A token that is away for a while does nothing: however long it was, it is tried at once when it is
    /// back.
    #[test]
    fn what_left_nothing_behind_is_tried_again_soon() {
        let anchoring = Anchoring::new(at(600));
        anchoring.renewed(at(0), 1);
        for second in 60..300 {
            assert!(anchoring.is_due(at(second), at(60), 2, false), "{second}");
            anchoring.failed(at(second), "away".to_owned(), Left::Nothing);
        }
        assert!(!anchoring.is_due(at(299), at(60), 2, false));
        assert!(anchoring.overdue(at(660)).is_some());
        for second in [300, 301, 303] {
            assert!(anchoring.is_due(at(second), at(60), 2, false), "{second}");
            anchoring.failed(at(second), "full".to_owned(), Left::Something);
        }
    }
}
