//! What is recorded about the clock.

use serde::{Deserialize, Serialize};

use super::{Seen, Suspicion};
use crate::records::{Kind, Record};

/// What is recorded about the clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockRecord {
    /// Why it is not trusted now.
    pub suspect: Option<Suspicion>,
    /// The last confirmation.
    pub confirmed: Option<Confirmed>,
    /// The wall clock beside the machine's own count, when both were trusted: at the first start since
    /// the machine was started, or at the last confirmation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// An operator's word that the wall clock is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmed {
    /// Who said so.
    pub by: String,
    /// The time that counted until then, microseconds since the Unix epoch.
    pub time: i64,
    /// What the wall clock said, microseconds since the Unix epoch.
    pub clock: i64,
}

impl Record for ClockRecord {
    const KIND: Kind = Kind::Clock;
}
