//! Any text as the JSON of a transaction: its raw bytes are read as the same.

use countersign_decode::evm::decode_transaction;

pub fn run(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(decoded) = super::with(|context| decode_transaction(json, context)) else {
        return;
    };
    super::check(&decoded);
    let raw = decoded.input.as_bytes().iter();
    let digits: String = raw.map(|byte| format!("{byte:02x}")).collect();
    let again = super::with(|context| decode_transaction(&format!("\"0x{digits}\""), context));
    assert_eq!(again, Ok(decoded));
}
