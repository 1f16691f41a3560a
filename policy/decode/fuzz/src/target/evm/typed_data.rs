//! Any text as the JSON of typed data.

use countersign_decode::evm::decode_typed_data;

pub fn run(bytes: &[u8]) {
    let Ok(json) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(decoded) = super::with(|context| decode_typed_data(json, context)) {
        super::check(&decoded);
    }
}
