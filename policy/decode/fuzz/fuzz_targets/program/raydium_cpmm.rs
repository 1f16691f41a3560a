//! Any instruction of Raydium CPMM.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("CPMMoo8L3F4NbTegBCKVNunggL7H1ZpdTHKxQB5qKP1C", bytes);
});
