//! What an amount is an amount of.

use std::fmt;

use super::Address;
use crate::KnownAsset;

/// Mint of wrapped SOL under the SPL Token program.
pub const WRAPPED_SOL_MINT: Address =
    Address::from_literal("So11111111111111111111111111111111111111112");

/// USD Coin (Circle).
const USDC_MINT: Address = Address::from_literal("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");

/// Tether USD.
const USDT_MINT: Address = Address::from_literal("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB");

/// An asset that a wallet can hold.
///
/// Wrapped SOL is [`Asset::Sol`]: a limit on SOL must not be avoidable by wrapping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Asset {
    /// Native SOL and wrapped SOL, in lamports.
    Sol,
    /// A token by its mint, in the mint's base units.
    Token(Address),
}

impl Asset {
    /// USD Coin.
    pub const USDC: Self = Self::Token(USDC_MINT);

    /// Tether USD.
    pub const USDT: Self = Self::Token(USDT_MINT);

    /// The asset of a mint, with the wrapped-SOL mint read as SOL.
    #[must_use]
    pub fn of_mint(mint: Address) -> Self {
        if mint == WRAPPED_SOL_MINT {
            Self::Sol
        } else {
            Self::Token(mint)
        }
    }

    /// Bytes that no other asset of the venue begins with.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Sol => out.push(0),
            Self::Token(mint) => {
                out.push(1);
                mint.write(out);
            }
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sol => f.write_str("SOL"),
            Self::Token(mint) => match KNOWN.iter().find(|one| one.asset == (*self).into()) {
                Some(known) => f.write_str(known.symbol),
                None => mint.fmt(f),
            },
        }
    }
}

impl crate::Asset {
    /// SOL.
    pub const SOL: Self = Self::Solana(Asset::Sol);

    /// The mint, of a token of Solana.
    #[must_use]
    pub const fn mint(self) -> Option<Address> {
        match self {
            Self::Solana(Asset::Token(mint)) => Some(mint),
            Self::Solana(Asset::Sol) | Self::Evm(_) => None,
        }
    }
}

const fn known(symbol: &'static str, asset: Asset, decimals: u8) -> KnownAsset {
    KnownAsset {
        symbol,
        asset: crate::Asset::Solana(asset),
        decimals,
    }
}

/// The assets that everybody knows here.
pub(crate) const KNOWN: &[KnownAsset] = &[
    known("SOL", Asset::Sol, 9),
    known("USDC", Asset::USDC, 6),
    known("USDT", Asset::USDT, 6),
];
