//! Any instruction of Raydium Stable.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("5quBtoiQqxF9Jv6KYKctB59NT3gtJD2Y65kdnB1Uev3h", bytes);
});
