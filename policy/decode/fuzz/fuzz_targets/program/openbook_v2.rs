//! Any instruction of OpenBook v2.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("opnb2LAfJYbRMAHHvqjCwQxanZn7ReEHp1k81EohpZb", bytes);
});
