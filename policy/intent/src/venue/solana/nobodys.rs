//! Addresses that are nobody's: what is sent there is lost, or means something else.

use super::{Address, Asset, WRAPPED_SOL_MINT};
use crate::KnownAsset;

const NOBODYS: [(&str, &str); 25] = [
    ("11111111111111111111111111111111", "the System program"),
    (
        "Vote111111111111111111111111111111111111111",
        "the Vote program",
    ),
    (
        "Stake11111111111111111111111111111111111111",
        "the Stake program",
    ),
    (
        "Config1111111111111111111111111111111111111",
        "the Config program",
    ),
    (
        "ComputeBudget111111111111111111111111111111",
        "the Compute Budget program",
    ),
    (
        "AddressLookupTab1e1111111111111111111111111",
        "the Address Lookup Table program",
    ),
    (
        "Ed25519SigVerify111111111111111111111111111",
        "the Ed25519 program",
    ),
    (
        "KeccakSecp256k11111111111111111111111111111",
        "the Secp256k1 program",
    ),
    (
        "NativeLoader1111111111111111111111111111111",
        "the native loader",
    ),
    (
        "BPFLoader1111111111111111111111111111111111",
        "a program loader",
    ),
    (
        "BPFLoader2111111111111111111111111111111111",
        "a program loader",
    ),
    (
        "BPFLoaderUpgradeab1e11111111111111111111111",
        "a program loader",
    ),
    (
        "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
        "the Token program",
    ),
    (
        "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
        "the Token-2022 program",
    ),
    (
        "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
        "the Associated Token Account program",
    ),
    (
        "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
        "the Memo program",
    ),
    ("SysvarC1ock11111111111111111111111111111111", "a sysvar"),
    ("SysvarRent111111111111111111111111111111111", "a sysvar"),
    ("SysvarRecentB1ockHashes11111111111111111111", "a sysvar"),
    ("SysvarS1otHashes111111111111111111111111111", "a sysvar"),
    ("SysvarS1otHistory11111111111111111111111111", "a sysvar"),
    ("SysvarStakeHistory1111111111111111111111111", "a sysvar"),
    ("SysvarEpochSchedu1e111111111111111111111111", "a sysvar"),
    ("Sysvar1nstructions1111111111111111111111111", "a sysvar"),
    (
        "1nc1nerator11111111111111111111111111111111",
        "the incinerator",
    ),
];

/// What an address is that no person and no service holds: a program that comes with the chain, a
/// sysvar, the mint of a well-known token.
#[must_use]
pub fn nobodys(address: &Address) -> Option<String> {
    let text = address.to_string();
    if let Some((_, what)) = NOBODYS.iter().find(|(known, _)| *known == text) {
        return Some((*what).to_owned());
    }
    if *address == WRAPPED_SOL_MINT {
        return Some("the mint of wrapped SOL".to_owned());
    }
    KnownAsset::of(Asset::Token(*address).into())
        .map(|known| format!("the mint of {}", known.symbol))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_sysvars_and_mints_are_nobodys_and_people_are_not() {
        for (text, what) in NOBODYS {
            let address: Address = text.parse().unwrap();
            assert_eq!(nobodys(&address).as_deref(), Some(what), "{text}");
        }
        let mint = |known: &KnownAsset| match known.asset.mint() {
            Some(mint) => mint,
            None => WRAPPED_SOL_MINT,
        };
        for known in KnownAsset::all() {
            let told = nobodys(&mint(known)).unwrap();
            assert!(told.starts_with("the mint of "), "{told}");
        }
        assert_eq!(nobodys(&Address::new([7; 32])), None);
    }
}
