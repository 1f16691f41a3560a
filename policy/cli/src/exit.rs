//! What the process tells its caller.

use std::process::ExitCode;

/// How a command ended; scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Refused by policy, or a check found something wrong.
    Refused = 1,
    /// Wrong flags, wrong files, or a request that the appliance does not accept.
    Usage = 2,
    /// The appliance cannot be reached, or it cannot work now.
    Unreachable = 3,
    /// Waits for people.
    NeedsApproval = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
