//! Any instruction of Compute Budget.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("ComputeBudget111111111111111111111111111111", bytes);
});
