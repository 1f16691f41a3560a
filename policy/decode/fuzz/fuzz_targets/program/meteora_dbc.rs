//! Any instruction of Meteora DBC.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("dbcij3LWUppWqq96dh6gJWwBifmcGfLSB5D4DuSMaqN", bytes);
});
