//! Any instruction of Lighthouse.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95", bytes);
});
