//! The appliance's own resident keys, each with one job and a fixed place on the token.

use std::fmt;

use crate::attributes::{KeyKind, SecretUse};
use crate::key::{KeyId, KeyType};

/// What one of the appliance's own keys is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyRole {
    /// Signs client and server certificates (ECDSA P-256).
    Ca,
    /// Signs checkpoints of the audit log (Ed25519).
    AuditLog,
    /// Authenticates database rows (HMAC-SHA-256).
    RowMac,
    /// Wraps keys of custody `wrapped` (AES-256).
    Wrapping,
    /// Seals keys of custody `envelope` (AES-256-GCM); exists only where that is turned on.
    Envelope,
    /// Opens keys that were sealed to the appliance from outside (RSA-3072, OAEP); exists only where
    /// importing is turned on.
    Import,
}

impl KeyRole {
    /// The roles every appliance needs.
    pub const REQUIRED: [Self; 4] = [Self::Ca, Self::AuditLog, Self::RowMac, Self::Wrapping];

    /// The role whose key has this id.
    #[must_use]
    pub fn of(id: &KeyId) -> Option<Self> {
        let mut all = Self::expected(true, true).into_iter();
        all.find(|role| role.id() == *id)
    }

    /// The required roles, [`KeyRole::Envelope`] where envelope custody is turned on, and
    /// [`KeyRole::Import`] where importing is.
    #[must_use]
    pub fn expected(envelope: bool, import: bool) -> Vec<Self> {
        let mut roles = Self::REQUIRED.to_vec();
        roles.extend(envelope.then_some(Self::Envelope));
        roles.extend(import.then_some(Self::Import));
        roles
    }

    /// The name used in logs and readiness answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::AuditLog => "audit-log",
            Self::RowMac => "row-mac",
            Self::Wrapping => "wrapping",
            Self::Envelope => "envelope",
            Self::Import => "import",
        }
    }

    /// The label on the token.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ca => "countersign-ca",
            Self::AuditLog => "countersign-audit-log",
            Self::RowMac => "countersign-row-mac",
            Self::Wrapping => "countersign-wrapping",
            Self::Envelope => "countersign-envelope",
            Self::Import => "countersign-import",
        }
    }

    /// The identity on the token. Readable, so that an operator's tools show it.
    #[must_use]
    pub const fn id(self) -> KeyId {
        KeyId::from_bytes(*match self {
            Self::Ca => b"countersign/ca\0\0",
            Self::AuditLog => b"countersign/log\0",
            Self::RowMac => b"countersign/mac\0",
            Self::Wrapping => b"countersign/wrap",
            Self::Envelope => b"countersign/envl",
            Self::Import => b"countersign/impt",
        })
    }

    /// What kind of key it is.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::Ca => KeyKind::Pair(KeyType::P256),
            Self::AuditLog => KeyKind::Pair(KeyType::Ed25519),
            Self::RowMac => KeyKind::Secret(SecretUse::Mac),
            Self::Wrapping => KeyKind::Secret(SecretUse::Wrap),
            Self::Envelope => KeyKind::Secret(SecretUse::Envelope),
            Self::Import => KeyKind::Import,
        }
    }
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
