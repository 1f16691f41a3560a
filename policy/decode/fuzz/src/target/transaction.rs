//! Any bytes as a transaction: other signatures and the message survive signing.

use countersign_decode::solana::{Context, decode_transaction};
use countersign_intent::Address;

pub fn run(bytes: &[u8]) {
    for at in [42, 69, 70] {
        let Some(key) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return;
        };
        let Ok(decoded) = decode_transaction(bytes, &Context::new(Address::new(*key))) else {
            continue;
        };
        let signed = decoded.transaction.with_signature([0x5a; 64]);
        assert_eq!(signed.len(), bytes.len());
        let changed = signed
            .iter()
            .zip(bytes)
            .filter(|(after, before)| *after != *before);
        assert!(changed.count() <= 64);
    }
}
