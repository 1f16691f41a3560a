//! What a token can do, as tried when it was opened.

use crate::key::KeyType;

/// A set of key types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyTypes(u8);

impl KeyTypes {
    /// All key types.
    #[must_use]
    pub fn all() -> Self {
        KeyType::ALL.into_iter().collect()
    }

    /// Whether `key_type` is in the set.
    #[must_use]
    pub const fn contains(self, key_type: KeyType) -> bool {
        self.0 & bit(key_type) != 0
    }

    /// The members, in the order of [`KeyType::ALL`].
    pub fn iter(self) -> impl Iterator<Item = KeyType> {
        KeyType::ALL.into_iter().filter(move |t| self.contains(*t))
    }

    /// Whether no key type is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<KeyType> for KeyTypes {
    fn from_iter<I: IntoIterator<Item = KeyType>>(types: I) -> Self {
        Self(types.into_iter().fold(0, |set, t| set | bit(t)))
    }
}

const fn bit(key_type: KeyType) -> u8 {
    match key_type {
        KeyType::Ed25519 => 1,
        KeyType::P256 => 2,
        KeyType::Secp256k1 => 4,
    }
}

/// What one token can do. Probed, never assumed from a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The module, as it names itself (`SoftHSM`, `simulator`, ...).
    pub module: String,
    /// Version of the module (library), `major.minor`.
    pub module_version: String,
    /// Model of the token.
    pub model: String,
    /// Serial number of the token.
    pub serial: String,
    /// Firmware version of the token, `major.minor`.
    pub firmware: String,
    /// Generates in the token and signs; a software check of the signature passed.
    pub sign: KeyTypes,
    /// Generates, wraps, unwraps and signs with what was unwrapped.
    pub wrap: KeyTypes,
    /// Imports as a session object and signs, and AES-256-GCM works; empty unless the operator
    /// turned envelope custody on.
    pub envelope: KeyTypes,
    /// Keys made outside can be kept as resident keys; empty unless the operator turned importing on.
    /// Whether the token opens what was sealed to its import key is shown by that key's canary.
    pub import: KeyTypes,
    /// HMAC-SHA-256 with a 32-byte generic secret.
    pub mac: bool,
    /// Private data objects can be kept.
    pub anchor: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set: KeyTypes = [KeyType::P256, KeyType::Ed25519].into_iter().collect();
        assert!(set.contains(KeyType::Ed25519) && !set.contains(KeyType::Secp256k1));
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [KeyType::Ed25519, KeyType::P256]
        );
        assert!(KeyTypes::default().is_empty() && !KeyTypes::all().is_empty());
    }
}
