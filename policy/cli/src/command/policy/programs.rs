//! Names that trades go by.

/// Trading programs that the decoder knows, as policies and cases name them.
pub(super) const TRADING_PROGRAMS: &[&str] = &[
    "jupiter-limit-v1",
    "jupiter-limit-v2",
    "jupiter-v6",
    "meteora-damm-v1",
    "meteora-damm-v2",
    "meteora-dbc",
    "meteora-dlmm",
    "openbook-v2",
    "orca-whirlpool",
    "pump-fun",
    "pumpswap",
    "raydium-amm-v4",
    "raydium-clmm",
    "raydium-cpmm",
    "raydium-launchlab",
];
