//! Account addresses.

use std::fmt;
use std::str::FromStr;

use sha3::{Digest, Keccak256};

use crate::Account;

/// A 20-byte account address; its text form is `0x` and 40 digits whose capitals are a checksum
/// (EIP-55).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address([u8; 20]);

/// Text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Something else than `0x` and 40 hexadecimal digits.
    #[error("expected `0x` and 40 hexadecimal digits, got `{0}`")]
    Malformed(String),
    /// Capitals that are not those of the checksum: a digit may be wrong.
    #[error(
        "the capitals of `{got}` are not its checksum (EIP-55), so a digit may be wrong; copy the \
         address again"
    )]
    Checksum {
        /// What was given.
        got: String,
    },
}

impl Address {
    /// The address of nobody.
    pub const ZERO: Self = Self([0; 20]);

    /// Wraps 20 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The address of a public key: the last 20 bytes of the Keccak-256 hash of its two
    /// coordinates.
    #[must_use]
    pub fn of_public_key(coordinates: &[u8; 64]) -> Self {
        let hash: [u8; 32] = Keccak256::digest(coordinates).into();
        Self(std::array::from_fn(|at| {
            hash.get(at + 12).copied().unwrap_or_default()
        }))
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl Account {
    /// The address, at a chain of the Ethereum virtual machine.
    #[must_use]
    pub const fn evm(self) -> Option<Address> {
        match self {
            Self::Evm(address) => Some(address),
            Self::Solana(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex::encode(self.0);
        let hash = Keccak256::digest(&digits);
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        f.write_str("0x")?;
        for (digit, nibble) in digits.chars().zip(nibbles) {
            let cased = match nibble {
                8.. => digit.to_ascii_uppercase(),
                _ => digit,
            };
            fmt::Write::write_char(f, cased)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without any capital there is no checksum to hold; with one, all have to be those of the checksum.
impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let shown = || text.chars().take(64).collect();
        let digits = text.strip_prefix("0x");
        let digits = digits.ok_or_else(|| AddressError::Malformed(shown()))?;
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| AddressError::Malformed(shown()))?;
        let address = Self(bytes);
        let has_capitals = digits.bytes().any(|byte| byte.is_ascii_uppercase());
        if has_capitals && address.to_string() != text {
            return Err(AddressError::Checksum { got: shown() });
        }
        Ok(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of EIP-55.
    const EXAMPLES: [&str; 8] = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x27b1fdb04752bbc536007a920d24acb045561c26",
    ];

    #[test]
    fn the_examples_of_the_standard_read_as_they_stand() {
        for text in EXAMPLES {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(text.to_ascii_lowercase().parse(), Ok(address));
        }
    }

    #[test]
    fn one_wrong_capital_or_digit_is_refused() {
        for text in [
            "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAEd",
            "0x6aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0xDE709F2102306220921060314715629080E2FB77",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(
                matches!(error, AddressError::Checksum { .. }),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn anything_else_is_no_address() {
        for text in [
            "",
            "0x",
            "de709f2102306220921060314715629080e2fb77",
            "0Xde709f2102306220921060314715629080e2fb77",
            "0xde709f2102306220921060314715629080e2fb7",
            "0xde709f2102306220921060314715629080e2fb777",
            "0xge709f2102306220921060314715629080e2fb77",
            " 0xde709f2102306220921060314715629080e2fb77",
            "vitalik.eth",
        ] {
            assert!(text.parse::<Address>().is_err(), "`{text}` was accepted");
        }
    }

    /// The key 1, whose address everybody knows.
    #[test]
    fn a_public_key_has_its_address() {
        let key = hex::decode(
            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
             483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
        )
        .unwrap();
        let address = Address::of_public_key(&key.try_into().unwrap());
        assert_eq!(
            address.to_string(),
            "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
        );
    }
}
