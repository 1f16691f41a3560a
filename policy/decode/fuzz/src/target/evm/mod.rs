//! Requests of EVM wallets.

pub mod raw;
pub mod transaction;
pub mod typed_data;

use countersign_decode::evm::{Context, Decoded, Signature};
use countersign_decode::explain;
use countersign_intent::evm::{Address, Asset, Chain};

/// The wallet of the key 1, Ethereum and its USDC: what the vectors are about.
fn with<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
    let address = |text: &str| -> Address { text.parse().expect("an address") };
    let contract = address("0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48");
    read(&Context {
        wallet: address("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"),
        chains: &[Chain::new(1, "ethereum", "ETH")],
        tokens: &[Asset::Token { chain: 1, contract }],
    })
}

/// What was read can be explained, signed and answered.
fn check(decoded: &Decoded) {
    assert!(explain(&decoded.intent).iter().all(|line| line.is_ascii()));
    assert_eq!(decoded.input.for_device().len(), 32);
    let signature = Signature {
        r: [1; 32],
        s: [1; 32],
        odd_y: true,
    };
    assert!(decoded.finish(&signature).is_ok());
}
