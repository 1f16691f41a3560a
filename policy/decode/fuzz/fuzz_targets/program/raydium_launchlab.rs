//! Any instruction of Raydium LaunchLab.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("LanMV9sAd7wArD4vJFi2qDdfnVhFxYSUg6eADduJ3uj", bytes);
});
