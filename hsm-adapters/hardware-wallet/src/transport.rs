//! Ways to a device.

use std::time::Duration;

use super::apdu::{Answer, Command};
use super::error::Error;

/// Carries commands to one device, one at a time: a second command while a person reads the
/// screen would replace what they are reading about.
pub trait Transport: Send {
    /// Sends a command and waits for its answer, whatever its status, at most `patience`.
    ///
    /// # Errors
    /// [`Error::Lost`], [`Error::TimedOut`] or [`Error::Malformed`]. After any of them the
    /// device's state is unknown: this transport is not to be used again.
    fn exchange(&mut self, command: &Command, patience: Duration) -> Result<Answer, Error>;
}
