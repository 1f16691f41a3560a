//! Solana account addresses.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::Account;

/// A 32-byte Solana account address; its text form is base58.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address([u8; 32]);

/// Text that is not a base58 encoding of 32 bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a base58 address of 32 bytes, got `{got}`")]
pub struct AddressError {
    got: String,
}

impl Address {
    /// Wraps 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Decodes a base58 literal at compile time; a wrong literal does not compile.
    #[must_use]
    pub const fn from_literal(base58: &str) -> Self {
        Self(bs58::decode(base58.as_bytes()).into_array_const_unwrap())
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Account {
    /// The address, at Solana.
    #[must_use]
    pub const fn solana(self) -> Option<Address> {
        match self {
            Self::Solana(address) => Some(address),
            Self::Evm(_) => None,
        }
    }
}

/// The order of the bytes. Addresses hardly ever agree in their first eight, and lists of them are
/// searched often.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        let head = |address: &Self| address.0.first_chunk().copied().map(u64::from_be_bytes);
        head(self)
            .cmp(&head(other))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 44];
        let length = five8::encode_32(&self.0, &mut text);
        let digits = text.get(..usize::from(length)).ok_or(fmt::Error)?;
        f.write_str(std::str::from_utf8(digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let refused = || AddressError {
            got: text.chars().take(64).collect(),
        };
        let mut bytes = [0_u8; 32];
        match five8::decode_32(text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => Err(refused()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        let text = "So11111111111111111111111111111111111111112";
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
        assert_eq!(address, Address::from_literal(text));
    }

    #[test]
    fn short_long_and_foreign_text_is_refused() {
        for text in [
            "",
            "1",
            "0OIl",
            "So1111111111111111111111111111111111111111",
            &"1".repeat(45),
        ] {
            assert!(text.parse::<Address>().is_err(), "`{text}` was accepted");
        }
    }
}
