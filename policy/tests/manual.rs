//! The manual tells every key of `when` as the program has it.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

use std::fs;

use countersign_policy::manual;

const END: &str = " -->\n\n";

#[test]
fn the_manual_tells_every_key_as_the_program_has_it() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = fs::read_to_string(path).unwrap();
    let (by_hand, made) = text.split_once(END).unwrap();
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, [by_hand, END, &manual()].concat()).unwrap();
        return;
    }
    let (mut told, expected) = (made.lines(), manual());
    for line in expected.lines() {
        assert_eq!(
            told.next(),
            Some(line),
            "write it with BLESS=1 cargo nextest run -p countersign-policy manual"
        );
    }
    assert_eq!(told.next(), None);
}
