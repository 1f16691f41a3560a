use std::time::Duration;

use countersign_intent::Span;

/// Bounds of a ledger.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Jobs that may wait; beyond it new ones are refused.
    pub queue: usize,
    /// Jobs that share one commit at most.
    pub batch: usize,
    /// Windows kept in memory between commits.
    pub windows: usize,
    /// How far the clock may go back without a denial; time stands still meanwhile.
    pub clock_tolerance: Span,
    /// How long outcomes wait for a request to share its commit.
    pub outcome_delay: Duration,
    /// Recorded requests that keep the signing threads busy for as long as a commit takes.
    /// While more than these wait to be signed, a commit waits for more requests to share it.
    pub signing: usize,
    /// How long a commit waits for that at most.
    pub signing_delay: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 1_024,
            batch: 256,
            windows: 16_384,
            clock_tolerance: Span::from_secs(2),
            outcome_delay: Duration::from_millis(5),
            signing: 4,
            signing_delay: Duration::from_micros(500),
        }
    }
}
