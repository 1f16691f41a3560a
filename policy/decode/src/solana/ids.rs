//! Addresses of the programs and accounts that more than one file here speaks of.

use countersign_intent::solana::Address;

pub(crate) const SYSTEM: Address = Address::new([0; 32]);
pub(crate) const TOKEN: Address =
    Address::from_literal("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
pub(crate) const TOKEN_2022: Address =
    Address::from_literal("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
pub(crate) const ASSOCIATED_TOKEN: Address =
    Address::from_literal("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
pub(crate) const COMPUTE_BUDGET: Address =
    Address::from_literal("ComputeBudget111111111111111111111111111111");
pub(crate) const STAKE: Address =
    Address::from_literal("Stake11111111111111111111111111111111111111");
pub(crate) const RECENT_BLOCKHASHES: Address =
    Address::from_literal("SysvarRecentB1ockHashes11111111111111111111");
pub(crate) const RENT: Address =
    Address::from_literal("SysvarRent111111111111111111111111111111111");
