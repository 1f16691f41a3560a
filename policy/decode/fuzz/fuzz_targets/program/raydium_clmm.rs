//! Any instruction of Raydium CLMM.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK", bytes);
});
