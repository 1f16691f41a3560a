//! The clock, on the wire.

use countersign_api::ClockState;

use super::time;
use crate::clock::Reading;

/// Both clocks, and why they differ.
#[must_use]
pub fn clock(reading: &Reading) -> ClockState {
    let suspect = reading.suspect.as_ref();
    let state = if suspect.is_some() { "suspect" } else { "ok" };
    ClockState {
        state: state.to_owned(),
        clock: reading.clock.to_string(),
        time: reading.time.to_string(),
        since: suspect.map(|suspicion| time(suspicion.since)),
        direction: suspect.map(|suspicion| suspicion.direction().to_owned()),
        by: suspect.map(|suspicion| suspicion.by().to_string()),
    }
}
