//! A venue's word stands in the venue's rooms, and in the places listed here, which only get fewer.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use softhsm_tests::program;

/// Where programs of ours are, the tests and the demo left out.
const SOURCES: [&str; 3] = ["appliance", "hsm-adapters", "policy"];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Sources that are no tests, fuzz targets or benchmarks.
fn sources() -> Vec<String> {
    let mut git = Command::new("git");
    git.current_dir(top()).args(["ls-files", "--"]);
    git.args(SOURCES.map(|folder| format!("{folder}/*.rs")));
    let listed = program::run(&mut git).unwrap().stdout;
    let aside = ["tests", "fuzz", "benches", "golden"];
    let paths = listed.lines().filter(|path| {
        let mut parts = path.trim_end_matches(".rs").split('/');
        top().join(path).exists() && !parts.any(|part| aside.contains(&part))
    });
    paths.map(str::to_owned).collect()
}

/// What is compiled, but for the tests at its end.
fn program_text(path: &str) -> String {
    let text = fs::read_to_string(top().join(path)).unwrap();
    let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    program.to_lowercase()
}

fn is_room_of(path: &str, word: &str) -> bool {
    let path = path.trim_end_matches(".rs");
    path.split('/').any(|part| part == word)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphabetic())
        .any(|one| one == word)
}

/// The lines of the list about one word.
fn listed(word: &str) -> BTreeSet<String> {
    let list = include_str!("venue_words.txt");
    let lines = list.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter(|(one, _)| *one == word)
        .map(|(_, path)| path.to_owned())
        .collect()
}

#[test]
fn a_venues_word_stands_in_its_rooms_and_in_the_listed_files_alone() {
    let mut lines = Vec::new();
    for word in ["evm", "solana"] {
        let found: BTreeSet<String> = sources()
            .into_iter()
            .filter(|path| !is_room_of(path, word) && has_word(&program_text(path), word))
            .collect();
        let listed = listed(word);
        lines.extend(
            found
                .difference(&listed)
                .map(|path| format!("new: {word} {path}")),
        );
        lines.extend(
            listed
                .difference(&found)
                .map(|path| format!("no more: {word} {path}")),
        );
    }
    assert!(
        lines.is_empty(),
        "a venue's word belongs in its own rooms; what stands in venue_words.txt only gets less:\n{}",
        lines.join("\n")
    );
}

#[test]
fn a_word_is_found_whole() {
    assert!(has_word("use x::evm::y", "evm"));
    assert!(has_word("sign_evm", "evm"));
    assert!(!has_word("evms", "evm"));
    assert!(is_room_of("policy/decode/src/evm/call.rs", "evm"));
    assert!(is_room_of("policy/intent/src/venue/evm.rs", "evm"));
    assert!(!is_room_of("policy/src/request.rs", "evm"));
}
