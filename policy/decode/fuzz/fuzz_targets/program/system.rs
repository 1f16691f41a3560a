//! Any instruction of System.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("11111111111111111111111111111111", bytes);
});
