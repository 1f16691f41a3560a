//! Recorded requests, read back to be judged again.

mod field;
pub(crate) mod pages;
pub(crate) mod prices;
pub(crate) mod reading;
pub(crate) mod registry;

use countersign_intent::{Span, Timestamp};
use countersign_policy::{Limit, PolicySet};

use crate::failure::Failure;

/// A time of the appliance.
///
/// # Errors
/// Text that is none.
pub(crate) fn time(text: &str) -> Result<Timestamp, Failure> {
    Timestamp::parse(text).map_err(|error| {
        Failure::unreachable(format!(
            "expected a time from the appliance, got `{text}`: {error}"
        ))
    })
}

/// How far back a request counts.
pub(crate) fn longest_window(set: &PolicySet) -> Span {
    let windows = set.limits().iter().map(Limit::window);
    windows.max().unwrap_or(Span::ZERO)
}
