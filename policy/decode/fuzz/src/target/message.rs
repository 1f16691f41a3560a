//! Any bytes as a message: what is accepted is signed exactly as it came, and can be explained.

use countersign_decode::explain;
use countersign_decode::solana::{Context, decode_message};
use countersign_intent::Address;

pub fn run(bytes: &[u8]) {
    // The fee payer of a legacy and of a v0 message, so that most inputs get past the signers.
    for at in [4, 5, 42] {
        let Some(key) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return;
        };
        let wallet = Address::new(*key);
        if let Ok(decoded) = decode_message(bytes, &Context::new(wallet)) {
            assert_eq!(decoded.input.as_bytes(), bytes);
            assert_eq!(decoded.intent.wallet(), wallet.into());
            assert!(explain(&decoded.intent).iter().all(|line| line.is_ascii()));
        }
    }
}
