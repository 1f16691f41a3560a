//! Any instruction of Stake.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("Stake11111111111111111111111111111111111111", bytes);
});
