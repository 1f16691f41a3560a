//! Any instruction of Meteora DAMM v2.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("cpamdpZCGKUy5JxQXB4dcpGPiikHawvSWAd6mEn1sGG", bytes);
});
