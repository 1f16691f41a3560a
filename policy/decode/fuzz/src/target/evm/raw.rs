//! Any bytes as an unsigned transaction: what is accepted is signed exactly as it came.

use countersign_decode::evm::decode_transaction;

pub fn run(bytes: &[u8]) {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let json = format!("\"0x{digits}\"");
    if let Ok(decoded) = super::with(|context| decode_transaction(&json, context)) {
        assert_eq!(decoded.input.as_bytes(), bytes);
        super::check(&decoded);
    }
}
