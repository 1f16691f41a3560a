//! The one place that reads time, and how far it is trusted.

mod record;
mod seen;
mod suspicion;
mod timekeeper;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use countersign_intent::{Span, Timestamp};

pub use record::{ClockRecord, Confirmed};
pub use seen::{Seen, Uptime};
pub use suspicion::Suspicion;
pub use timekeeper::{Reading, Timekeeper};
pub use watch::{ClockWatch, confirm, load, note, remember, watch};

/// Where time comes from. Everything else is handed a [`Timestamp`].
pub trait Clock: Send + Sync {
    /// Wall-clock time, UTC. May jump when the system's clock is set.
    fn now(&self) -> Timestamp;

    /// Time since an arbitrary origin; never goes back.
    fn monotonic(&self) -> Duration;

    /// How long ago the machine was started; `None` if it does not tell.
    fn uptime(&self) -> Option<Uptime>;
}

/// The operating system's clocks.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
    boot: Option<String>,
}

impl SystemClock {
    /// Starts counting monotonic time here.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the module that reads time"
    )]
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
            boot: std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
                .ok()
                .map(|name| name.trim().to_owned()),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the module that reads time"
    )]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros)
            }
        };
        Timestamp::from_micros(micros)
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    fn uptime(&self) -> Option<Uptime> {
        let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let micros = up.tv_sec.checked_mul(1_000_000)?;
        Some(Uptime {
            boot: self.boot.clone()?,
            micros: micros.checked_add(up.tv_nsec / 1_000)?,
        })
    }
}

/// A clock that stands still until it is moved; for tests and simulations.
#[derive(Debug)]
pub struct ManualClock {
    passed: AtomicI64,
    now: AtomicI64,
    boot: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            passed: AtomicI64::new(0),
            now: AtomicI64::new(now.micros()),
            boot: AtomicI64::new(0),
        })
    }

    /// Starts the machine anew.
    pub fn reboot(&self) {
        self.boot.fetch_add(1, Ordering::SeqCst);
    }

    /// Lets time pass.
    pub fn advance(&self, by: Span) {
        let step = i64::try_from(by.micros()).unwrap_or(i64::MAX);
        self.passed.fetch_add(step, Ordering::SeqCst);
        self.now.fetch_add(step, Ordering::SeqCst);
    }

    /// Sets the wall clock forward or, below 0, back by so many seconds; no time passes.
    pub fn jump(&self, seconds: i64) {
        let step = seconds.saturating_mul(1_000_000);
        self.now.fetch_add(step, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        let passed = self.passed.load(Ordering::SeqCst);
        Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }

    fn uptime(&self) -> Option<Uptime> {
        Some(Uptime {
            boot: self.boot.load(Ordering::SeqCst).to_string(),
            micros: self.passed.load(Ordering::SeqCst),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_shows_this_century_and_moves_on() {
        let clock = SystemClock::new();
        let before = (clock.now(), clock.monotonic());
        std::thread::sleep(Duration::from_millis(2));
        assert!(before.0 > Timestamp::parse("2025-01-01T00:00:00Z").unwrap());
        assert!(clock.now() > before.0);
        assert!(clock.monotonic() >= before.1 + Duration::from_millis(2));
        let (first, second) = (clock.uptime().unwrap(), clock.uptime().unwrap());
        assert!(first.boot.len() == 36 && first.boot == second.boot);
        assert!(first.micros > 2_000 && second.micros >= first.micros);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let start = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let clock = ManualClock::at(start);
        assert_eq!(clock.now(), start);
        clock.advance(Span::from_secs(90));
        assert_eq!(clock.now().since(start), Span::from_secs(90));
        assert_eq!(clock.monotonic(), Duration::from_secs(90));
        clock.jump(-30);
        assert_eq!(clock.now().since(start), Span::from_secs(60));
        assert_eq!(clock.monotonic(), Duration::from_secs(90));
    }
}
