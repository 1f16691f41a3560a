//! Any instruction of Raydium AMM v4.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("675kPX9MHTjS2zt1qfr1NYHuzeLXfQM9H24wFSUt1Mp8", bytes);
});
