//! One answer: its data and its status word, and back.

use countersign_hardware_wallet::{Answer, MAX_ANSWER};

pub const SEEDS: &[&[u8]] = &[b"\x90\x00", b"data\x90\x00", b"\x69\x85", b""];

pub fn run(bytes: &[u8]) {
    match Answer::parse(bytes) {
        Ok(answer) => {
            let word = answer.status().0.to_be_bytes();
            assert_eq!([answer.data(), &word].concat(), bytes);
            assert!(answer.data().len() <= MAX_ANSWER);
        }
        Err(error) => assert!(error.to_string().is_ascii()),
    }
}
