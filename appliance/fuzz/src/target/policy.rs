//! A policy file: read, or refused with a place in it.

use countersign_policy::diff::{Change, compare};

pub const SEEDS: &[&str] = &[
    include_str!("../../../../deploy/dev/policy.toml"),
    include_str!("../../../../policy/cases/thefts/thefts.policy.toml"),
];

pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match countersign_policy::parse(text) {
        // Nothing is looser than itself.
        Ok(set) => assert!(matches!(compare(&set, &set), Change::Tightening)),
        Err(errors) => assert!(errors.iter().any(|error| !error.to_string().is_empty())),
    }
}
