//! Assets whose names need no policy.

use crate::Asset;
use crate::venue::KNOWN;

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

impl KnownAsset {
    /// Every known asset, venue by venue.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        KNOWN.iter().copied().flatten()
    }

    /// Looks an asset up by its symbol, as policy files write it.
    #[must_use]
    pub fn by_symbol(symbol: &str) -> Option<&'static Self> {
        Self::all().find(|known| known.symbol == symbol)
    }

    /// Looks an asset up.
    #[must_use]
    pub fn of(asset: Asset) -> Option<&'static Self> {
        Self::all().find(|known| known.asset == asset)
    }
}
