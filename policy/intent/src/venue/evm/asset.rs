//! What an amount is an amount of.

use std::fmt;
use std::str::FromStr;

use super::Address;
use crate::KnownAsset;

/// An asset that a wallet can hold at one chain.
///
/// The chain's wrapped native coin is [`Asset::Native`]: a limit must not be avoidable by wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asset {
    /// The native coin, wrapped or not, in wei.
    Native {
        /// The chain's number.
        chain: u64,
    },
    /// A token (ERC-20) by its contract, in its base units.
    Token {
        /// The chain's number.
        chain: u64,
        /// The contract.
        contract: Address,
    },
}

/// Text that is no asset of these chains.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an asset like `eip155:1/erc20:0x…` or `eip155:1/native`, got `{0}`")]
pub struct AssetError(String);

impl Asset {
    /// The chain it lives at.
    #[must_use]
    pub const fn chain(self) -> u64 {
        match self {
            Self::Native { chain } | Self::Token { chain, .. } => chain,
        }
    }

    /// Bytes that no other asset of the venue begins with.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Native { chain } => {
                out.push(0);
                out.extend_from_slice(&chain.to_be_bytes());
            }
            Self::Token { chain, contract } => {
                out.push(1);
                out.extend_from_slice(&chain.to_be_bytes());
                contract.write(out);
            }
        }
    }
}

impl crate::Asset {
    /// The contract, of a token of these chains.
    #[must_use]
    pub const fn contract(self) -> Option<Address> {
        match self {
            Self::Evm(Asset::Token { contract, .. }) => Some(contract),
            Self::Evm(Asset::Native { .. }) | Self::Solana(_) => None,
        }
    }
}

/// As CAIP-19 writes it; the native coin has one word at every chain.
impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native { chain } => write!(f, "eip155:{chain}/native"),
            Self::Token { chain, contract } => write!(f, "eip155:{chain}/erc20:{contract}"),
        }
    }
}

impl FromStr for Asset {
    type Err = AssetError;

    fn from_str(text: &str) -> Result<Self, AssetError> {
        let read = || {
            let (chain, asset) = text.strip_prefix("eip155:")?.split_once('/')?;
            let number: u64 = chain.parse().ok()?;
            let chain = (number.to_string() == chain).then_some(number)?;
            match asset {
                "native" => Some(Self::Native { chain }),
                token => {
                    let contract = token.strip_prefix("erc20:")?.parse().ok()?;
                    Some(Self::Token { chain, contract })
                }
            }
        };
        read().ok_or_else(|| AssetError(text.chars().take(96).collect()))
    }
}

/// None: a policy names what lives at a chain, with its contract.
pub(crate) const KNOWN: &[KnownAsset] = &[];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_nothing_else_is() {
        let contract = Address::new([7; 20]);
        for asset in [
            Asset::Native { chain: 1 },
            Asset::Token {
                chain: 8_453,
                contract,
            },
        ] {
            assert_eq!(asset.to_string().parse(), Ok(asset));
        }
        for text in [
            "",
            "native",
            "eip155:01/native",
            "eip155:1/slip44:60",
            "eip155:1/erc20:0x1",
            "eip155:/native",
            "eip155:18446744073709551616/native",
        ] {
            assert!(text.parse::<Asset>().is_err(), "`{text}` was accepted");
        }
    }
}
