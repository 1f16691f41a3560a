//! Whether the token's own memory of the log is renewed, and is this run's. While it is not renewed, a
//! database set back could go unnoticed: the appliance is degraded at once, and after `log.anchor_grace`
//! nothing leaves any more; trades go on. Before it was written once nothing is signed, and once somebody
//! else wrote it nothing is any more: two that sign under one limit overspend it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::anchor::{Found, Held, MISSING, Remembered, Run};

/// Between two tries while it cannot be renewed: the first distance, doubled up to the last where a try
/// may leave something behind, as a token on a full file system keeps something of every one.
const AGAIN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(60);

/// While the log grows it is read back so often, or as often as it is renewed where that is more often:
/// a second appliance on the token, which writes itself into it before it signs, is noticed after so long.
pub const LOOK: Duration = Duration::from_secs(5);

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
    turn: tokio::sync::Mutex<()>,
    lost: watch::Sender<Option<String>>,
}

#[derive(Debug, Default)]
struct State {
    renewed: Option<Duration>,
    /// Entries of the log it covers.
    size: u64,
    /// When it was read back last, and how long the log was.
    looked: Option<(Duration, u64)>,
    failing: Option<Failing>,
    /// What this run may find; `None` where the token keeps no memory.
    held: Option<Held>,
    missing_at_start: bool,
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
            turn: tokio::sync::Mutex::default(),
            lost: watch::Sender::default(),
        }
    }

    /// A run that found this when it started.
    pub fn begin(&self, run: Run, found: Found) {
        let mut state = self.lock();
        state.held = Held::since(run, found);
        state.missing_at_start = found == Found::Missing;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits to be the one who signs heads and renews it.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Whether it covers the first `size` entries of the log, as far as it can: where it is not renewed,
    /// the grace runs.
    #[must_use]
    pub fn covers(&self, size: u64) -> bool {
        let state = self.lock();
        state.held.is_none() || state.failing.is_some() || state.size >= size
    }

    /// Whether it is to be renewed now for a log of `size` entries; `last` where the appliance stops.
    #[must_use]
    pub fn is_due(&self, now: Duration, every: Duration, size: u64, last: bool) -> bool {
        if self.lost().is_some() {
            return false;
        }
        let state = self.lock();
        match (&state.failing, state.renewed) {
            (Some(failing), _) => last || now >= failing.again,
            (None, _) if size <= state.size => false,
            (None, Some(at)) => last || now.saturating_sub(at) >= every,
            (None, None) => true,
        }
    }

    /// What may be found and what is to be written, where the token keeps a memory. From here on it may
    /// have been written.
    pub fn trying(&self, size: u64, root: [u8; 32]) -> Option<(Held, Remembered)> {
        let mut state = self.lock();
        let held = state.held.as_mut()?;
        let next = held.trying(size, root);
        Some((*held, next))
    }

    /// What may be found, if it is to be read back now.
    #[must_use]
    pub fn to_look_at(&self, now: Duration, every: Duration, size: u64) -> Option<Held> {
        let state = self.lock();
        let over =
            |(at, seen): (Duration, u64)| size > seen && now.saturating_sub(at) >= every.min(LOOK);
        let due = state.failing.is_none() && state.looked.is_none_or(over);
        state.held.filter(|_| due && self.lost().is_none())
    }

    /// It was renewed.
    pub fn renewed(&self, now: Duration, size: u64) {
        let mut state = self.lock();
        state.renewed = Some(now);
        state.size = size;
        state.looked = Some((now, size));
        state.failing = None;
        if let Some(held) = &mut state.held {
            held.wrote();
        }
    }

    /// It was read back, and is this run's.
    pub fn looked(&self, now: Duration, size: u64) {
        self.lock().looked = Some((now, size));
    }

    /// Somebody else wrote it, this if it can be read. Answers what is known and what to do.
    pub fn lost_to(&self, found: Option<Remembered>) -> String {
        let found = match found {
            Some(found) => found.to_string(),
            None => "what no version wrote".to_owned(),
        };
        let own = self
            .lock()
            .held
            .as_ref()
            .map(Held::told)
            .unwrap_or_default();
        let why = format!(
            "another appliance uses this token: its memory of the log is not what this run wrote last, \
             {own}, but {found}; both may have signed under the same limits, since at most {} s and the \
             time between two heads of the log, so this one has stopped signing and ends: see where else \
             `countersignd` runs with this token and on which database, let only the one with the newest \
             log go on, and read `deploy/runbooks/restore.md`",
            LOOK.as_secs()
        );
        self.lost.send_replace(Some(why.clone()));
        why
    }

    /// Why this run has ended, if somebody else wrote the token's memory.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.lost.borrow().clone()
    }

    /// Waits for that.
    pub async fn ended(&self) -> String {
        let mut lost = self.lost.subscribe();
        match lost.wait_for(Option::is_some).await {
            Ok(why) => why.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Why nothing at all is signed, if that is so.
    #[must_use]
    pub fn nothing_signed(&self) -> Option<String> {
        if let Some(lost) = self.lost() {
            return Some(lost);
        }
        let state = self.lock();
        let unclaimed = state.held.as_ref().is_some_and(|held| !held.is_written());
        unclaimed.then(|| {
            let why = state.failing.as_ref().map_or("not tried yet", |failing| &failing.why);
            format!(
                "this run could not be written into the token's memory of the log yet ({why}), so that \
                 another one on the same token would not be noticed; nothing is signed until it is: see \
                 `/readyz`, make room on the token, then ask again under a new key"
            )
        })
    }

    /// What an operator has to know of the last start, until one finds the memory again.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let missing = self.lock().missing_at_start;
        missing.then(|| {
            format!(
                "at the last start {MISSING}, and from which database this one goes on; the next start \
                 that finds it ends this warning"
            )
        })
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

    fn found(size: u64) -> Found {
        Found::Checked(Remembered {
            size,
            root: [0; 32],
            run: None,
        })
    }

    #[test]
    fn nothing_is_signed_before_it_was_written_once() {
        let anchoring = Anchoring::new(at(600));
        assert_eq!(anchoring.nothing_signed(), None, "a token without a memory");
        anchoring.begin(Run::begin().unwrap(), found(5));
        assert!(
            anchoring
                .nothing_signed()
                .unwrap()
                .contains("not tried yet")
        );
        anchoring.trying(6, [6; 32]).unwrap();
        anchoring.failed(at(1), "full".to_owned(), Left::Something);
        assert!(anchoring.nothing_signed().unwrap().contains("full"));
        anchoring.renewed(at(2), 6);
        assert_eq!(anchoring.nothing_signed(), None);
        assert_eq!(anchoring.warning(), None);
    }

    #[test]
    fn while_the_log_grows_it_is_read_back_every_few_seconds() {
        let anchoring = Anchoring::new(at(600));
        anchoring.begin(Run::begin().unwrap(), found(5));
        anchoring.trying(6, [6; 32]).unwrap();
        anchoring.renewed(at(10), 6);
        let due = |now, every, size| anchoring.to_look_at(at(now), at(every), size).is_some();
        assert!(!due(14, 60, 7) && due(15, 60, 7), "every five seconds");
        assert!(due(12, 2, 7), "as often as it is renewed");
        assert!(!due(3600, 60, 6), "nothing was signed");
        anchoring.looked(at(15), 7);
        assert!(!due(19, 60, 8) && due(20, 60, 8));
        anchoring.failed(at(20), "away".to_owned(), Left::Nothing);
        assert!(!due(25, 60, 9), "it is renewed instead");
    }

    #[tokio::test]
    async fn somebody_elses_ends_it_for_good_and_says_so() {
        let anchoring = Anchoring::new(at(600));
        anchoring.begin(Run::begin().unwrap(), found(5));
        anchoring.trying(6, [6; 32]).unwrap();
        anchoring.renewed(at(1), 6);
        let why = anchoring.lost_to(None);
        for words in ["another appliance", "6 entries", "5 s", "restore.md"] {
            assert!(why.contains(words), "{words}: {why}");
        }
        assert_eq!(anchoring.nothing_signed().as_deref(), Some(&*why));
        assert_eq!(anchoring.ended().await, why);
        assert!(!anchoring.is_due(at(3600), at(60), 9, true));
        assert!(anchoring.to_look_at(at(3600), at(60), 9).is_none());
    }

    #[test]
    fn a_memory_that_was_missing_is_told_until_the_next_start() {
        let anchoring = Anchoring::new(at(600));
        anchoring.begin(Run::begin().unwrap(), Found::Missing);
        anchoring.trying(6, [6; 32]).unwrap();
        anchoring.renewed(at(1), 6);
        assert!(anchoring.warning().unwrap().contains("remembers nothing"));
    }
}
