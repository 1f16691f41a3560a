//! What goes wrong with a device, said to the person who holds it.

use std::time::Duration;

use super::consequence::Consequence;
use super::status::Status;
use super::version::{NotAVersion, Version};

/// Why a device did not do what was asked. Each says what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No device by USB.
    #[error(
        "no Ledger is connected by USB; plug it in and unlock it, and on Linux install the udev \
         rules in `deploy/udev`"
    )]
    NoDevice,
    /// Several by USB, and none was chosen.
    #[error("several Ledgers are connected, choose one of {}", .0.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", "))]
    Several(Vec<String>),
    /// The device cannot be opened.
    #[error(
        "cannot open the Ledger at `{address}`: {cause}; close every other program that uses it, \
         such as Ledger Live, and on Linux install the udev rules in `deploy/udev`"
    )]
    CannotOpen {
        /// Where it was looked for.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// The connection broke.
    #[error("the connection to the Ledger broke: {0}; connect it again and open the app")]
    Lost(String),
    /// No answer in time.
    #[error("the Ledger did not answer within {}s; look at its screen, and try again", .0.as_secs())]
    TimedOut(Duration),
    /// The device waits for its PIN.
    #[error("the Ledger is locked; unlock it with its PIN")]
    Locked,
    /// The operating system shows a screen of its own.
    #[error("the Ledger shows something else; finish or dismiss it, and try again")]
    Busy,
    /// Another app, or none, is open.
    #[error(
        "the app open on the Ledger is {}; open the {wanted} app on it",
        .open.as_deref().map_or_else(|| "another one".to_owned(), |name| format!("`{name}`"))
    )]
    WrongApp {
        /// What is open, where the device said so.
        open: Option<String>,
        /// What has to be.
        wanted: &'static str,
    },
    /// The app is not on the device.
    #[error("the {app} app is not on the Ledger; install it with Ledger Live")]
    NotInstalled {
        /// Which.
        app: &'static str,
    },
    /// The app shows or takes other things than what is needed.
    #[error("the {app} app on the Ledger is {have}; update it to {need} or newer with Ledger Live")]
    TooOld {
        /// Which.
        app: &'static str,
        /// Its version.
        have: Version,
        /// The oldest that will do.
        need: Version,
    },
    /// The person said no.
    #[error("refused on the Ledger")]
    Refused,
    /// The device cannot show this in full.
    #[error(
        "the {app} app cannot show this in full, and blind signing is off in its settings; leave \
         it off: what cannot be read should not be signed"
    )]
    BlindSigning {
        /// Which.
        app: &'static str,
    },
    /// The app does not take what was sent.
    #[error("the Ledger answered {status}: {why}")]
    Rejected {
        /// The status word.
        status: Status,
        /// What that means and what to do.
        why: &'static str,
    },
    /// The answer is not one of this app.
    #[error(
        "the Ledger's {what} is not understood, expected {expected}, got {got}; is it a Ledger?"
    )]
    Malformed {
        /// Which part of the answer.
        what: &'static str,
        /// What it has to be.
        expected: String,
        /// What it was.
        got: String,
    },
    /// The signature is not one of the device's key over these bytes.
    #[error(
        "the Ledger's signature is not valid for the bytes it was given; do not use this device or \
         this computer until you know why"
    )]
    WrongSignature,
    /// What is to be sent cannot be.
    #[error("{0}")]
    Invalid(String),
}

impl From<NotAVersion> for Error {
    fn from(NotAVersion(text): NotAVersion) -> Self {
        Self::malformed(
            "version of its app",
            "a version like `1.9.0`",
            format!("`{}`", text.escape_debug()),
        )
    }
}

impl Error {
    pub(super) fn malformed(
        what: &'static str,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::Malformed {
            what,
            expected: expected.into(),
            got: got.into(),
        }
    }

    /// What the failed call leaves behind: whether a signature may exist.
    #[must_use]
    pub const fn consequence(&self) -> Consequence {
        match self {
            Self::NoDevice
            | Self::Several(_)
            | Self::CannotOpen { .. }
            | Self::Locked
            | Self::Busy
            | Self::WrongApp { .. }
            | Self::NotInstalled { .. } => Consequence::NotSent,
            Self::TooOld { .. }
            | Self::Refused
            | Self::BlindSigning { .. }
            | Self::Rejected { .. }
            | Self::Invalid(_) => Consequence::Refused,
            Self::Lost(_) | Self::TimedOut(_) | Self::Malformed { .. } => {
                Consequence::OutcomeUnknown
            }
            Self::WrongSignature => Consequence::Broken,
        }
    }
}
