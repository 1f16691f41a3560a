//! Any instruction of pump.fun.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", bytes);
});
