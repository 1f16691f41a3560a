//! Any instruction of Address Lookup Table.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("AddressLookupTab1e1111111111111111111111111", bytes);
});
