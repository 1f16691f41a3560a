//! Chains, as a policy names them.

use super::Address;

/// A chain that may be signed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Its number (EIP-155).
    pub id: u64,
    /// Its name.
    pub name: Box<str>,
    /// What its native coin is called.
    pub native: Box<str>,
    /// Decimals of its native coin.
    pub decimals: u8,
    /// The contract that wraps its native coin, where it is known.
    pub wrapped: Option<Address>,
}

impl Chain {
    /// Of a native coin with 18 decimals, wrapped where everybody knows that it is.
    #[must_use]
    pub fn new(id: u64, name: &str, native: &str) -> Self {
        Self {
            id,
            name: name.into(),
            native: native.into(),
            decimals: 18,
            wrapped: wrapped_native(id),
        }
    }
}

/// Canonical deployments, each named in its chain's own documentation.
const WRAPPED: [(u64, &str); 7] = [
    (1, "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
    (10, "0x4200000000000000000000000000000000000006"),
    (56, "0xbb4CdB9CBd36B01bD1cBaEBF2De08d9173bc095c"),
    (137, "0x0d500B1d8E8eF31E21C99d1Db9A6444d3ADf1270"),
    (8_453, "0x4200000000000000000000000000000000000006"),
    (42_161, "0x82aF49447D8a07e3bd95BD0d56f35241523fBab1"),
    (43_114, "0xB31f66AA3C1e785363F0875A1B74E27b85FD66c7"),
];

/// The contract that wraps a chain's native coin, where everybody knows it.
#[must_use]
pub fn wrapped_native(chain: u64) -> Option<Address> {
    let known = WRAPPED.iter().find(|(id, _)| *id == chain);
    known.and_then(|(_, contract)| contract.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrapping_contract_is_an_address_with_its_checksum() {
        for (chain, text) in WRAPPED {
            let contract = wrapped_native(chain).unwrap();
            assert_eq!(contract.to_string(), text);
        }
        assert_eq!(wrapped_native(1_337), None);
    }
}
