//! Who takes part: a wallet, a thief, and what the wallet has.

use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_associated_token_account_interface::address::get_associated_token_address_with_program_id;

/// System.
pub(crate) const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
/// SPL Token.
pub(crate) const TOKEN: Pubkey = spl_token_interface::ID;
/// Token-2022.
pub(crate) const TOKEN_2022: Pubkey =
    Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");
/// Associated Token Account.
pub(crate) const ASSOCIATED: Pubkey =
    Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
/// Stake.
pub(crate) const STAKE: Pubkey =
    Pubkey::from_str_const("Stake11111111111111111111111111111111111111");
/// Vote.
pub(crate) const VOTE: Pubkey =
    Pubkey::from_str_const("Vote111111111111111111111111111111111111111");
/// Address lookup tables.
pub(crate) const TABLES: Pubkey =
    Pubkey::from_str_const("AddressLookupTab1e1111111111111111111111111");
/// The upgradeable loader.
pub(crate) const LOADER: Pubkey =
    Pubkey::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
/// Compute Budget.
pub(crate) const BUDGET: Pubkey =
    Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
/// Rent.
pub(crate) const RENT: Pubkey =
    Pubkey::from_str_const("SysvarRent111111111111111111111111111111111");
/// Clock.
pub(crate) const CLOCK: Pubkey =
    Pubkey::from_str_const("SysvarC1ock11111111111111111111111111111111");
/// Recent blockhashes.
pub(crate) const BLOCKHASHES: Pubkey =
    Pubkey::from_str_const("SysvarRecentB1ockHashes11111111111111111111");

/// An address on the policy's list.
pub(crate) const COLD: Pubkey =
    Pubkey::from_str_const("9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin");
/// Wrapped SOL's mint.
pub(crate) const WRAPPED: Pubkey =
    Pubkey::from_str_const("So11111111111111111111111111111111111111112");
/// USDC's mint.
pub(crate) const USDC: Pubkey =
    Pubkey::from_str_const("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v");
/// A mint under SPL Token that the policy names.
pub(crate) const COIN: Pubkey = Pubkey::new_from_array([0x33; 32]);
/// A mint under Token-2022 that the policy names.
pub(crate) const COIN_2022: Pubkey = Pubkey::new_from_array([0x34; 32]);
/// A mint that the policy does not name.
pub(crate) const JUNK: Pubkey = Pubkey::new_from_array([0x35; 32]);
/// A mint that the wallet issues.
pub(crate) const ISSUED: Pubkey = Pubkey::new_from_array([0x36; 32]);
/// The wallet's stake account.
pub(crate) const STAKED: Pubkey = Pubkey::new_from_array([0x41; 32]);
/// More of the wallet's stake accounts, delegated.
pub(crate) const DELEGATED: [Pubkey; 4] = [
    Pubkey::new_from_array([0x51; 32]),
    Pubkey::new_from_array([0x52; 32]),
    Pubkey::new_from_array([0x53; 32]),
    Pubkey::new_from_array([0x54; 32]),
];
/// The wallet's nonce account.
pub(crate) const NONCE: Pubkey = Pubkey::new_from_array([0x42; 32]);
/// The wallet's lookup table, deactivated.
pub(crate) const OLD_TABLE: Pubkey = Pubkey::new_from_array([0x43; 32]);
/// A lookup table whose only entry is the thief.
pub(crate) const THIEFS_TABLE: Pubkey = Pubkey::new_from_array([0x44; 32]);
/// A program buffer of the wallet.
pub(crate) const BUFFER: Pubkey = Pubkey::new_from_array([0x45; 32]);
/// A vote account of the wallet.
pub(crate) const VOTING: Pubkey = Pubkey::new_from_array([0x46; 32]);
/// A program of the thief.
pub(crate) const THIEFS_PROGRAM: Pubkey = Pubkey::new_from_array([0x47; 32]);
/// One SOL.
pub(crate) const SOL: u64 = 1_000_000_000;
/// What a token account's rent was put at.
pub(crate) const TOKEN_RENT: u64 = 2_039_280;
/// Seed of an account derived from the wallet.
pub(crate) const SEED: &str = "savings";

/// A key that anybody can derive again.
pub(crate) fn key(number: u8) -> Keypair {
    Keypair::new_from_array([number; 32])
}

/// The wallet.
pub(crate) fn victim() -> Pubkey {
    key(1).pubkey()
}

/// Whoever has the bot.
pub(crate) fn thief() -> Pubkey {
    key(2).pubkey()
}

/// Another wallet of the same appliance.
pub(crate) fn second() -> Pubkey {
    key(3).pubkey()
}

/// A key that signs for the account it opens.
pub(crate) fn fresh() -> Pubkey {
    key(4).pubkey()
}

/// A token account of the wallet that is registered as its own: whoever has the key can open it.
pub(crate) fn registered() -> Pubkey {
    key(5).pubkey()
}

/// The associated account of an owner.
pub(crate) fn ata(owner: Pubkey, mint: Pubkey) -> Pubkey {
    get_associated_token_address_with_program_id(&owner, &mint, &TOKEN)
}

/// The same under Token-2022.
pub(crate) fn ata_2022(owner: Pubkey) -> Pubkey {
    get_associated_token_address_with_program_id(&owner, &COIN_2022, &TOKEN_2022)
}

/// The account derived from the wallet, the seed and an owner program.
pub(crate) fn seeded_for(owner: Pubkey) -> Pubkey {
    Pubkey::create_with_seed(&victim(), SEED, &owner).unwrap()
}

/// Some account of an exchange.
pub(crate) fn pool(number: u8) -> Pubkey {
    let mut bytes = [0xAA; 32];
    bytes[31] = number;
    Pubkey::new_from_array(bytes)
}
