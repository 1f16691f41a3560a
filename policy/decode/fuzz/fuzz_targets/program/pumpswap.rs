//! Any instruction of PumpSwap.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA", bytes);
});
