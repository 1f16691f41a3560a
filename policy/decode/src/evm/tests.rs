//! Transactions and typed data, well-formed and hostile.

mod mutation;
mod refusals;
mod vectors;

use countersign_intent::evm::{Address, Asset, Chain, Detail, details};

use super::{Context, Decoded, decode_transaction, decode_typed_data};
use crate::DecodeError;

pub(super) const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
pub(super) const WETH: &str = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
pub(super) const WALLET: Address = Address::new([7; 20]);
pub(super) const FRIEND: Address = Address::new([8; 20]);

/// Ethereum and a devnet, and USDC at the first.
pub(super) fn facts() -> (Vec<Chain>, Vec<Asset>) {
    let chains = vec![
        Chain::new(1, "ethereum", "ETH"),
        Chain::new(1_337, "devnet", "DEV"),
    ];
    let contract = USDC.parse().unwrap();
    (chains, vec![Asset::Token { chain: 1, contract }])
}

pub(super) fn with<T>(wallet: Address, read: impl FnOnce(&Context<'_>) -> T) -> T {
    let (chains, tokens) = facts();
    read(&Context {
        wallet,
        chains: &chains,
        tokens: &tokens,
    })
}

/// The members of a transaction as JSON, with others in their place.
pub(super) fn transaction(changes: &[(&str, &str)]) -> String {
    let friend = format!("\"{FRIEND}\"");
    let mut members = vec![
        ("type", "\"2\""),
        ("chain_id", "\"1\""),
        ("nonce", "\"4\""),
        ("to", &friend),
        ("value", "\"0\""),
        ("data", "\"0x\""),
        ("gas", "\"100000\""),
        ("max_fee_per_gas", "\"20000000000\""),
        ("max_priority_fee_per_gas", "\"1\""),
    ];
    for (name, value) in changes {
        members.retain(|(one, _)| one != name);
        if !value.is_empty() {
            members.push((name, value));
        }
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    format!("{{{}}}", members.join(", "))
}

pub(super) fn decoded(changes: &[(&str, &str)]) -> Result<Decoded, DecodeError> {
    with(WALLET, |context| {
        decode_transaction(&transaction(changes), context)
    })
}

/// The call data of a function, all of whose arguments are words.
pub(super) fn call(signature: &str, arguments: &[[u8; 32]]) -> String {
    let mut data = super::keccak(signature.as_bytes())[..4].to_vec();
    arguments.iter().for_each(|word| data.extend(word));
    format!("\"0x{}\"", hex::encode(data))
}

pub(super) fn address(address: &Address) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(address.as_bytes());
    word
}

pub(super) fn number(number: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&number.to_be_bytes());
    word
}

/// What it does besides its fee.
pub(super) fn done(decoded: &Decoded) -> Vec<Detail> {
    let all = details(&decoded.intent).cloned();
    all.filter(|one| !matches!(one, Detail::Fee(_))).collect()
}

pub(super) fn typed(json: &str) -> Result<Decoded, DecodeError> {
    with(WALLET, |context| decode_typed_data(json, context))
}
