//! Any instruction of Jupiter DCA.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M", bytes);
});
