//! The wall clock beside the machine's own count, so that a clock which was set while the
//! appliance was stopped is noticed at the next start.
//!
//! The kernel counts since the machine was started, sleep included (`CLOCK_BOOTTIME`,
//! clock_gettime(2)), whatever is done to the wall clock, and names each start of the machine
//! (`/proc/sys/kernel/random/boot_id`, random(4)). Whoever is root can give the appliance another
//! name or another count; so it is with every clock of the machine.

use serde::{Deserialize, Serialize};

use super::Clock;

/// How long ago the machine was started, and which start that was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uptime {
    /// The kernel's name for this start.
    pub boot: String,
    /// Microseconds since, sleep included.
    pub micros: i64,
}

/// Both at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The kernel's name for the start of the machine.
    pub boot: String,
    /// Microseconds since that start.
    pub up: i64,
    /// What the wall clock said, microseconds since the Unix epoch.
    pub clock: i64,
}

/// Tries to read both at one moment, and how far apart they may be read.
const TRIES: u32 = 5;
const APART: i64 = 50_000;

impl Seen {
    /// Both now; `None` where the machine does not tell, or holds this process up each time.
    pub fn of(clock: &dyn Clock) -> Option<Self> {
        for _ in 0..TRIES {
            let before = clock.uptime()?;
            let wall = clock.now().micros();
            let after = clock.uptime()?;
            if after.micros.saturating_sub(before.micros) <= APART {
                return Some(Self {
                    boot: after.boot,
                    up: after.micros,
                    clock: wall,
                });
            }
        }
        None
    }

    /// Microseconds from `earlier` to this by the machine's count; `None` if it was started anew.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Option<i64> {
        (self.boot == earlier.boot).then(|| self.up.saturating_sub(earlier.up))
    }
}
