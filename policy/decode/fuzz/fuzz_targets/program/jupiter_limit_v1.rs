//! Any instruction of Jupiter Limit v1.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("jupoNjAxXgZ4rjzxzPMP4oxduvQsQtZzyknqvzYNrNu", bytes);
});
