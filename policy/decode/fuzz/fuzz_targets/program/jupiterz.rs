//! Any instruction of JupiterZ.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("61DFfeTKM7trxYcPQCM78bJ794ddZprZpAwAnLiwTpYH", bytes);
});
