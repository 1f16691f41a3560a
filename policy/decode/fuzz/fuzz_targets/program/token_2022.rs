//! Any instruction of Token-2022.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb", bytes);
});
