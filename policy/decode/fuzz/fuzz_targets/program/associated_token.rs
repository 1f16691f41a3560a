//! Any instruction of Associated Token Account.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL", bytes);
});
