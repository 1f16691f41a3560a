//! Key identities, public keys and signatures, as values.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The kinds of signing key the appliance uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyType {
    /// Pure Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA on NIST P-256 (FIPS 186-5).
    P256,
    /// ECDSA on secp256k1 (SEC 2).
    Secp256k1,
}

impl KeyType {
    /// All of them, for probes and tables.
    pub const ALL: [Self; 3] = [Self::Ed25519, Self::P256, Self::Secp256k1];

    /// The name used in configuration, storage and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::P256 => "p256",
            Self::Secp256k1 => "secp256k1",
        }
    }

    /// Length in bytes of a [`PublicKey`] of this type.
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::Ed25519 => 32,
            Self::P256 | Self::Secp256k1 => 65,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|t| t.as_str() == text)
            .ok_or_else(|| {
                Error::refused(
                    "reading a key type",
                    format!("`{text}` is none of `ed25519`, `p256`, `secp256k1`"),
                    "use one of these names",
                )
            })
    }
}

/// The 16 bytes a key is found by. Shown as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// Makes an id from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A public key: 32 bytes for Ed25519, the 65-byte uncompressed point (SEC 1, 2.3.3) for ECDSA.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PublicKey {
    key_type: KeyType,
    bytes: Vec<u8>,
}

impl PublicKey {
    /// Takes the encoded key and checks its length and, for ECDSA, its first byte.
    ///
    /// # Errors
    /// [`Error::Refused`] saying what was expected and what came.
    pub fn new(key_type: KeyType, bytes: Vec<u8>) -> Result<Self, Error> {
        let expected = key_type.public_key_len();
        let uncompressed = key_type == KeyType::Ed25519 || bytes.first() == Some(&0x04);
        if bytes.len() == expected && uncompressed {
            return Ok(Self { key_type, bytes });
        }
        let cause = if bytes.len() == expected {
            format!("a {key_type} public key must be an uncompressed point, starting with 04")
        } else {
            format!(
                "a {key_type} public key has {expected} bytes, {} came",
                bytes.len()
            )
        };
        Err(Error::refused(
            "reading a public key",
            cause,
            "check where the key came from",
        ))
    }

    /// Its type.
    #[must_use]
    pub const fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// Its encoding, as [`PublicKey::new`] takes it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A signature: `R || S` for Ed25519, `r || s` as the device gave it for ECDSA.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Makes a signature from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// ECDSA signs exactly a 32-byte digest; some modules silently truncate or pad others.
pub(crate) fn check_input(key_type: KeyType, input: &[u8]) -> Result<(), Error> {
    if key_type == KeyType::Ed25519 || input.len() == 32 {
        return Ok(());
    }
    Err(Error::refused(
        "signing",
        format!(
            "a {key_type} key signs a digest of 32 bytes, {} came",
            input.len()
        ),
        "hash the message first",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_of_the_wrong_shape_is_refused() {
        for key_type in KeyType::ALL {
            let mut good = vec![4; key_type.public_key_len()];
            assert!(PublicKey::new(key_type, good.clone()).is_ok());
            good.push(0);
            let error = PublicKey::new(key_type, good).unwrap_err();
            assert!(error.to_string().contains("bytes"), "{error}");
        }
        assert!(PublicKey::new(KeyType::P256, vec![2; 65]).is_err());
    }

    #[test]
    fn names_of_key_types_round_trip() {
        for key_type in KeyType::ALL {
            assert_eq!(key_type.as_str().parse::<KeyType>().unwrap(), key_type);
        }
        assert!("Ed25519".parse::<KeyType>().is_err());
    }

    #[test]
    fn a_key_id_is_shown_as_hex() {
        let id = KeyId::from_bytes([0xa5; 16]);
        assert_eq!(id.to_string(), "a5".repeat(16));
    }
}
