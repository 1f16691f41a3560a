//! Wallets: one key of one user at one venue.

#[cfg(test)]
pub(crate) mod bench;
mod create;
mod directory;
mod import;
pub mod limits;
mod rotate;
pub mod sealed;
mod strays;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use countersign_hsm::{KeyId, KeyRef, KeyType, Material, PublicKey};
use countersign_intent::{UserId, Venue};
use serde::{Deserialize, Serialize};

use crate::config::CustodyKind;
use crate::governance::Digest32;
use crate::records::{Kind, Record};

pub use create::{CreateError, NewWallet, ensure};
pub use directory::{Directory, WalletEntry};
pub use import::{ImportError, import};
pub use limits::LimitRecord;
pub use rotate::{RotateError, Rotated, rotate};
pub use strays::{Strays, StraysError, strays};

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

/// A wallet as recorded. The row's identifier is also its first key's on the token.
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
    /// Tells the user's wallets at the venue and environment apart; the first may have none.
    pub name: Option<String>,
    /// `ed25519` or `secp256k1`: what the venue's chain takes.
    pub key_type: String,
    /// The public key, hexadecimal: 32 bytes of Ed25519, 65 of an uncompressed point.
    pub public_key: String,
    /// The address that the venue knows the key by.
    pub address: String,
    /// Where the key lives.
    pub custody: Custody,
    /// Whether the key was made outside; whoever had it may still have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub imported: bool,
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
    /// What became of its keys.
    #[serde(default, skip_serializing_if = "Rotation::is_none")]
    pub rotation: Rotation,
}

/// What became of a wallet's keys: nothing, unless one was replaced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Identifier of the key where it is not the row's: 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// When the key was replaced, microseconds since the Unix epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<i64>,
    /// The wallet with the key before this one, `wal_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_from: Option<String>,
    /// The wallet whose key this was, `wal_…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_to: Option<String>,
    /// The request that replaced it, so that a retry does not replace it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Digest32>,
}

impl Rotation {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
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
        self.kind().as_str()
    }

    /// The kind alone.
    #[must_use]
    pub const fn kind(&self) -> CustodyKind {
        match self {
            Self::Resident => CustodyKind::Resident,
            Self::Wrapped(_) => CustodyKind::Wrapped,
            Self::Envelope(_) => CustodyKind::Envelope,
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
        let place = self.place();
        Some(match (&self.rotation.rotated_to, &self.name) {
            // The user's wallet at the venue is the one with the new key.
            (Some(_), _) => format!("{place}/key/{}", self.address),
            (None, Some(name)) => named(&place, name),
            (None, None) => place,
        })
    }
}

/// Where a wallet with a name is found.
fn named(place: &str, name: &str) -> String {
    format!("{place}/name/{name}")
}

impl WalletRecord {
    /// Where its user's wallet without a name is found.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}/{}/{}", self.user, self.venue, self.environment)
    }

    /// Its venue; `None` if this version knows none of this slug.
    #[must_use]
    pub fn venue(&self) -> Option<Venue> {
        Venue::by_slug(&self.venue)
    }

    /// The key as the device wants it named; `None` if the row is not readable.
    #[must_use]
    pub fn key(&self, id: [u8; 16]) -> Option<KeyRef> {
        let key_type: KeyType = self.key_type.parse().ok()?;
        let public = PublicKey::new(key_type, hex::decode(&self.public_key).ok()?).ok()?;
        let mut key = id;
        if let Some(text) = &self.rotation.key_id {
            hex::decode_to_slice(text, &mut key).ok()?;
        }
        Some(KeyRef {
            id: KeyId::from_bytes(key),
            public,
            material: self.custody.material()?,
        })
    }
}
