//! Wallets: one key of one user at one venue.

mod create;
mod directory;
pub mod limits;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_hsm::{KeyId, KeyRef, KeyType, Material, PublicKey};
use countersign_intent::{Address, UserId};
use serde::{Deserialize, Serialize};

use crate::config::CustodyKind;
use crate::records::{Kind, Record};

pub use create::{CreateError, NewWallet, ensure};
pub use directory::{Directory, WalletEntry};
pub use limits::LimitRecord;

/// What a wallet may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Signs what policy allows.
    Active,
    /// Signs nothing until resumed.
    Paused,
    /// Signs nothing ever again.
    Archived,
}

/// A wallet as recorded. The row's identifier is also its key's on the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletRecord {
    /// Its user, `usr_…`.
    pub user: String,
    /// Name of the user's gateway.
    pub gateway: String,
    /// Slug of the venue.
    pub venue: String,
    /// `mainnet` or `testnet`.
    pub environment: String,
    /// A name for people.
    pub name: Option<String>,
    /// Base58 public key.
    pub address: String,
    /// Where the key lives.
    pub custody: Custody,
    /// What it may do.
    pub status: Status,
    /// The user's own limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<LimitRecord>,
    /// A risk manager's limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed: Vec<LimitRecord>,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
}

/// Where a wallet's key lives. Blobs are base64 and useless without the token's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Custody {
    /// A token object.
    Resident,
    /// A blob that only the token can open.
    Wrapped(String),
    /// A blob opened by the token's key, whose content passes through this process.
    Envelope(String),
}

impl Custody {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Resident => CustodyKind::Resident.as_str(),
            Self::Wrapped(_) => CustodyKind::Wrapped.as_str(),
            Self::Envelope(_) => CustodyKind::Envelope.as_str(),
        }
    }

    fn material(&self) -> Option<Material> {
        let blob = |text: &String| BASE64_STANDARD.decode(text).ok().map(Into::into);
        match self {
            Self::Resident => Some(Material::Resident),
            Self::Wrapped(text) => blob(text).map(Material::Wrapped),
            Self::Envelope(text) => blob(text).map(Material::Envelope),
        }
    }
}

impl Record for WalletRecord {
    const KIND: Kind = Kind::Wallet;

    fn parent(&self) -> Option<[u8; 16]> {
        let user: Result<UserId, _> = self.user.parse();
        user.ok().map(|user| *user.as_bytes())
    }

    fn lookup(&self) -> Option<String> {
        Some(format!("{}/{}/{}", self.user, self.venue, self.environment))
    }
}

impl WalletRecord {
    /// The key as the device wants it named; `None` if the row is not readable.
    #[must_use]
    pub fn key(&self, id: [u8; 16]) -> Option<KeyRef> {
        let address: Address = self.address.parse().ok()?;
        Some(KeyRef {
            id: KeyId::from_bytes(id),
            public: PublicKey::new(KeyType::Ed25519, address.as_bytes().to_vec()).ok()?,
            material: self.custody.material()?,
        })
    }
}
