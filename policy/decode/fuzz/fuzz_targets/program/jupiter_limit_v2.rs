//! Any instruction of Jupiter Limit v2.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("j1o2qRpjcyUwEvwtcfhEQefh773ZgjxcVRry7LDqg5X", bytes);
});
