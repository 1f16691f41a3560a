//! Status words, and what they mean for the person in front of the device.
//!
//! Sources: `app-solana` 1.9.0 in Ledger's emulator, `ledger-secure-sdk` `io/src/os_io.c`, and
//! Ledger's device management kit for the older ones.

use std::fmt;

/// The two bytes that end every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status(pub u16);

impl Status {
    /// Done.
    pub const OK: Self = Self(0x9000);
    /// The device waits for its PIN.
    pub const LOCKED: Self = Self(0x5515);
    /// The person said no to a prompt of the operating system.
    pub const PROMPT_REFUSED: Self = Self(0x5501);
    /// The app that was asked for is not on the device.
    pub const NOT_INSTALLED: Self = Self(0x6807);
    /// Cannot be shown in full, and signing blindly is off; also signing without a review.
    pub const BLIND_SIGNING_OFF: Self = Self(0x6808);
    /// The operating system shows a screen of its own.
    pub const BUSY: Self = Self(0x6901);
    /// No command, or on older firmware a locked device.
    pub const SECURITY: Self = Self(0x6982);
    /// The person said no.
    pub const REFUSED: Self = Self(0x6985);
    /// The message is not valid, or its chunks came out of order.
    pub const INVALID_DATA: Self = Self(0x6a80);
    /// The header of the off-chain message is not one this app takes.
    pub const BAD_HEADER: Self = Self(0x6a81);
    /// The text has characters its format does not allow.
    pub const BAD_TEXT: Self = Self(0x6a82);
    /// The size is wrong.
    pub const BAD_SIZE: Self = Self(0x6a83);
    /// The app may not use this derivation path.
    pub const FOREIGN_PATH: Self = Self(0x6a15);
    /// An exception in the app, such as a path that is not hardened.
    pub const EXCEPTION: Self = Self(0x6801);
    /// The open app does not know the instruction.
    pub const UNKNOWN_INSTRUCTION: Self = Self(0x6d00);
    /// The open app does not know the class.
    pub const UNKNOWN_CLASS: Self = Self(0x6e00);
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04x}", self.0)
    }
}

/// The apps that are spoken to. The same word means different things in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum App {
    /// `Solana`
    Solana,
    /// `Ethereum`
    Ethereum,
}

impl App {
    /// As the device shows it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Solana => "Solana",
            Self::Ethereum => "Ethereum",
        }
    }
}
