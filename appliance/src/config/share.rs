//! What one principal may have of what everybody shares.

use serde::Deserialize;

use crate::rates::Rate;

/// The bounds of one principal.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Share {
    /// Sign requests that wait for people.
    pub pending: usize,
    /// Governed changes that wait for people.
    pub open_changes: usize,
    /// Dry runs and refused sign requests in a second; any number, if 0.
    pub unsigned_per_second: u32,
    /// Changes in a second, but for those that only refuse; any number, if 0.
    pub changes_per_second: u32,
}

/// Seconds of a rate that may be used at once after a rest.
const BURST: u32 = 4;

impl Default for Share {
    fn default() -> Self {
        Self {
            pending: 256,
            open_changes: 64,
            unsigned_per_second: 1_000,
            changes_per_second: 500,
        }
    }
}

impl Share {
    /// How fast a principal may ask for what signs nothing.
    #[must_use]
    pub const fn unsigned(&self) -> Rate {
        rate(self.unsigned_per_second)
    }

    /// How fast a principal may change something.
    #[must_use]
    pub const fn changes(&self) -> Rate {
        rate(self.changes_per_second)
    }
}

const fn rate(per_second: u32) -> Rate {
    Rate {
        per_second,
        burst: per_second.saturating_mul(BURST),
    }
}
