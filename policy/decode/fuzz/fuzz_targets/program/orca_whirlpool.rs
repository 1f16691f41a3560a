//! Any instruction of Orca Whirlpool.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc", bytes);
});
