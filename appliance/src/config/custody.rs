//! Where wallet keys live.

use countersign_hsm::KeyRole;
use serde::Deserialize;

/// Where wallet keys live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CustodyKind {
    /// A token object that cannot leave.
    #[default]
    Resident,
    /// A blob that only the token can open.
    Wrapped,
    /// A blob opened by the token's key, whose content passes through this process.
    Envelope,
}

impl CustodyKind {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Wrapped => "wrapped",
            Self::Envelope => "envelope",
        }
    }
}

/// Custody of new wallets.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Custody {
    /// Where a new wallet's key goes unless the request says otherwise.
    pub default: CustodyKind,
    /// Whether `envelope` may be used at all.
    pub envelope: bool,
    /// Whether keys made outside may be imported.
    pub import: bool,
    /// Whether key bytes may go to swap where memory cannot be locked: for machines without swap, and for
    /// trying things out.
    pub allow_swap: bool,
}

impl Custody {
    /// The keys the token has to hold for this.
    #[must_use]
    pub fn roles(self) -> Vec<KeyRole> {
        KeyRole::expected(self.envelope, self.import)
    }

    /// Whether private key bytes are in this process at times.
    #[must_use]
    pub const fn passes_key_bytes(self) -> bool {
        self.envelope || self.import
    }
}
