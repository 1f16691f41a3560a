//! Notices connections on which nothing useful happens.
//!
//! One coarse timer per connection instead of one timer per request: requests only bump
//! counters, and the watchdog compares them a few times per timeout.

use std::sync::Arc;
use std::time::Duration;

use super::Limits;
use super::activity::{Activity, Snapshot};

/// Comparisons per shortest timeout.
const LOOKS: u32 = 4;

/// Which bound a connection overran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    /// A request begun whose headers do not end.
    Header,
    /// No request.
    Idle,
    /// Requests in flight that neither end nor are joined by others.
    Request,
}

impl Expiry {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Idle => "idle",
            Self::Request => "request",
        }
    }
}

/// Timeouts as numbers of looks.
#[derive(Debug, Clone, Copy)]
struct Patience {
    header: u32,
    idle: u32,
    request: u32,
}

/// Compares the activity of one connection with its limits.
#[derive(Debug)]
pub(super) struct Watchdog {
    activity: Arc<Activity>,
    tick: Duration,
    patience: Patience,
    last: Snapshot,
    quiet: u32,
    unfinished: u32,
}

impl Watchdog {
    pub(super) fn new(activity: Arc<Activity>, limits: &Limits) -> Self {
        let shortest = limits
            .header_timeout
            .min(limits.idle_timeout)
            .min(limits.request_timeout);
        let tick = (shortest / LOOKS).max(Duration::from_millis(1));
        let looks = |timeout: Duration| {
            u32::try_from(timeout.as_nanos().div_ceil(tick.as_nanos())).unwrap_or(u32::MAX)
        };
        Self {
            activity,
            tick,
            patience: Patience {
                header: looks(limits.header_timeout),
                idle: looks(limits.idle_timeout),
                request: looks(limits.request_timeout),
            },
            last: Snapshot::default(),
            quiet: 0,
            unfinished: 0,
        }
    }

    /// HTTP/2 frames come in without a request too: bytes say nothing about headers there.
    pub(super) fn without_header_timeout(mut self) -> Self {
        self.patience.header = u32::MAX;
        self
    }

    /// The time between two looks.
    pub(super) const fn tick(&self) -> Duration {
        self.tick
    }

    /// To be called once per tick. A bound is overrun when it was so at more looks than fit in
    /// it, so that what began just before a look is not cut short.
    pub(super) fn look(&mut self) -> Option<Expiry> {
        let seen = self.activity.snapshot();
        let changed = seen.changes != self.last.changes;
        self.last = seen;
        self.quiet = if changed {
            0
        } else {
            self.quiet.saturating_add(1)
        };
        self.activity.note_quiet(self.quiet);
        self.unfinished = match (seen.request_begun, changed) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => self.unfinished.saturating_add(1),
        };
        if self.unfinished > self.patience.header {
            return Some(Expiry::Header);
        }
        if seen.in_flight > 0 {
            return (self.quiet > self.patience.request).then_some(Expiry::Request);
        }
        (self.quiet > self.patience.idle).then_some(Expiry::Idle)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::super::activity::{InFlight, Metered};
    use super::*;

    /// A tick of one second; the header may take 4, idling 8, a request 12 of them.
    fn watched() -> (Arc<Activity>, Watchdog) {
        let activity = Arc::new(Activity::default());
        let limits = Limits {
            header_timeout: Duration::from_secs(4),
            idle_timeout: Duration::from_secs(8),
            request_timeout: Duration::from_secs(12),
            ..Limits::default()
        };
        let watchdog = Watchdog::new(Arc::clone(&activity), &limits);
        assert_eq!(watchdog.tick(), Duration::from_secs(1));
        (activity, watchdog)
    }

    async fn receive(activity: &Arc<Activity>, bytes: &[u8]) {
        let mut stream = Metered::new(bytes, Arc::clone(activity));
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    }

    fn looks_until_expiry(watchdog: &mut Watchdog) -> (u32, Expiry) {
        for looks in 1..100 {
            if let Some(expiry) = watchdog.look() {
                return (looks, expiry);
            }
        }
        panic!("never expired");
    }

    #[test]
    fn a_silent_connection_is_idle() {
        let (_, mut watchdog) = watched();
        assert_eq!(looks_until_expiry(&mut watchdog), (9, Expiry::Idle));
    }

    #[tokio::test]
    async fn headers_that_do_not_end_are_noticed_however_they_trickle() {
        let (activity, mut watchdog) = watched();
        for _ in 0..4 {
            receive(&activity, b"x").await;
            assert_eq!(watchdog.look(), None);
        }
        receive(&activity, b"x").await;
        assert_eq!(watchdog.look(), Some(Expiry::Header));
    }

    #[tokio::test]
    async fn requests_one_after_the_other_keep_a_connection() {
        let (activity, mut watchdog) = watched();
        for _ in 0..50 {
            receive(&activity, b"GET / HTTP/1.1\r\n\r\n").await;
            drop(InFlight::start(&activity));
            receive(&activity, b"GET /").await;
            assert_eq!(watchdog.look(), None);
        }
    }

    #[tokio::test]
    async fn after_a_request_the_connection_is_idle_again() {
        let (activity, mut watchdog) = watched();
        receive(&activity, b"GET / HTTP/1.1\r\n\r\n").await;
        let request = InFlight::start(&activity);
        receive(&activity, b"body").await;
        assert_eq!(watchdog.look(), None);
        drop(request);
        assert_eq!(looks_until_expiry(&mut watchdog), (10, Expiry::Idle));
    }

    #[tokio::test]
    async fn a_request_that_does_not_end_is_noticed_even_if_bytes_trickle() {
        let (activity, mut watchdog) = watched();
        let _request = InFlight::start(&activity);
        for _ in 0..13 {
            receive(&activity, b"x").await;
            assert_eq!(watchdog.look(), None);
        }
        assert_eq!(watchdog.look(), Some(Expiry::Request));
    }

    #[tokio::test]
    async fn bytes_without_a_request_do_not_keep_an_http_2_connection() {
        let (activity, watchdog) = watched();
        let mut watchdog = watchdog.without_header_timeout();
        for _ in 0..8 {
            receive(&activity, b"ping").await;
            assert_eq!(watchdog.look(), None);
        }
        receive(&activity, b"ping").await;
        assert_eq!(watchdog.look(), Some(Expiry::Idle));
    }
}
