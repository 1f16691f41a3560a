//! Any instruction of Memo.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    countersign_decode_fuzz::instruction("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr", bytes);
});
