//! Any instruction of Meteora DLMM.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo", bytes);
});
