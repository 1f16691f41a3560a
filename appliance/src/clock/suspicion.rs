//! Why the clock is not trusted.

use countersign_intent::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// Why the clock is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspicion {
    /// When it was noticed, by the time that goes on; microseconds since the Unix epoch.
    pub since: i64,
    /// What the wall clock said then.
    pub clock: i64,
    /// How far it had moved, in microseconds; below 0 is back.
    pub step: i64,
}

impl Suspicion {
    /// The word for its direction.
    #[must_use]
    pub const fn direction(&self) -> &'static str {
        if self.step < 0 { "back" } else { "forward" }
    }

    /// How far the clock had moved, to the millisecond.
    #[must_use]
    pub const fn by(&self) -> Span {
        Span::from_micros(self.step.unsigned_abs() / 1_000 * 1_000)
    }
}

impl std::fmt::Display for Suspicion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (time, clock) = (self.since, self.clock);
        write!(
            f,
            "the clock went {} by {}: at {} it said {}",
            self.direction(),
            self.by(),
            Timestamp::from_micros(time),
            Timestamp::from_micros(clock)
        )
    }
}
