//! What a status word means, in each app.

use super::error::Error;
use super::status::{App, Status};

impl Status {
    /// What went wrong, for a status that is not [`Status::OK`].
    #[must_use]
    pub fn error(self, app: App) -> Error {
        let rejected = |why: &'static str| Error::Rejected { status: self, why };
        match self {
            Self::LOCKED | Self::SECURITY => Error::Locked,
            Self::REFUSED | Self::PROMPT_REFUSED => Error::Refused,
            Self::BUSY => Error::Busy,
            Self::NOT_INSTALLED => Error::NotInstalled { app: app.name() },
            Self(0x6d00 | 0x6e00 | 0x6e01 | 0x6511 | 0x6700) => Error::WrongApp {
                open: None,
                wanted: app.name(),
            },
            Self::BLIND_SIGNING_OFF => Error::BlindSigning { app: app.name() },
            Self::FOREIGN_PATH | Self::EXCEPTION => {
                rejected("the app may not use this derivation path; use one like `44'/501'/0'`")
            }
            Self::INVALID_DATA if app == App::Ethereum => rejected(
                "the app does not take this message, or would show it as bytes; \
                 have only printable text signed",
            ),
            Self::INVALID_DATA => rejected(
                "the app cannot read the message, or its parts came out of order; \
                 close every other program that uses the device, and try again",
            ),
            Self::BAD_HEADER => rejected(
                "the header of the message is not one the app takes, or the key of this path \
                 is not a signer of it; check the derivation path",
            ),
            Self::BAD_TEXT => rejected("the text has other characters than printable ASCII"),
            Self::BAD_SIZE => rejected("the message is longer than the app takes"),
            Self(_) => rejected("close and reopen the app on the device, and try again"),
        }
    }
}
