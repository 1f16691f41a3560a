//! What an amount is an amount of.

use std::fmt;

use crate::Address;

/// Mint of wrapped SOL under the SPL Token program.
pub const WRAPPED_SOL_MINT: Address =
    Address::from_literal("So11111111111111111111111111111111111111112");

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
    /// The asset of a mint, with the wrapped-SOL mint read as SOL.
    #[must_use]
    pub fn of_mint(mint: Address) -> Self {
        if mint == WRAPPED_SOL_MINT {
            Self::Sol
        } else {
            Self::Token(mint)
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sol => f.write_str("SOL"),
            Self::Token(mint) => match KnownAsset::by_mint(mint) {
                Some(known) => f.write_str(known.symbol),
                None => mint.fmt(f),
            },
        }
    }
}

/// An asset whose symbol and decimals are known without asking anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownAsset {
    /// The symbol used in policy files and texts.
    pub symbol: &'static str,
    /// The asset.
    pub asset: Asset,
    /// Decimals between display and base units.
    pub decimals: u8,
}

/// USD Coin on Solana (Circle).
pub const USDC: KnownAsset = KnownAsset {
    symbol: "USDC",
    asset: Asset::Token(Address::from_literal(
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    )),
    decimals: 6,
};

/// Tether USD on Solana.
pub const USDT: KnownAsset = KnownAsset {
    symbol: "USDT",
    asset: Asset::Token(Address::from_literal(
        "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
    )),
    decimals: 6,
};

const SOL: KnownAsset = KnownAsset {
    symbol: "SOL",
    asset: Asset::Sol,
    decimals: 9,
};

impl KnownAsset {
    /// Every known asset.
    pub const ALL: [Self; 3] = [SOL, USDC, USDT];

    /// Looks an asset up by its symbol, as policy files write it.
    #[must_use]
    pub fn by_symbol(symbol: &str) -> Option<&'static Self> {
        const ALL: &[KnownAsset] = &KnownAsset::ALL;
        ALL.iter().find(|known| known.symbol == symbol)
    }

    /// Looks an asset up.
    #[must_use]
    pub fn of(asset: Asset) -> Option<&'static Self> {
        const ALL: &[KnownAsset] = &KnownAsset::ALL;
        ALL.iter().find(|known| known.asset == asset)
    }

    fn by_mint(mint: &Address) -> Option<&'static Self> {
        Self::of(Asset::Token(*mint))
    }
}
