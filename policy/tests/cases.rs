//! Every file in `cases/` is what its name says.

#![allow(
    clippy::unwrap_used,
    reason = "a test says what went wrong by panicking"
)]

use std::fs;
use std::path::PathBuf;

use countersign_policy::{case, parse};

/// Slugs that the cases use.
const PROGRAMS: [&str; 4] = [
    "jupiter-v6",
    "jupiter-limit-v2",
    "orca-whirlpool",
    "pump-fun",
];

fn files() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/cases");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.ends_with(".toml") && !name.ends_with(".policy.toml")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn every_case_is_decided_as_expected() {
    let sample = include_str!("../cases/desk-a.policy.toml");
    let mut wrong = Vec::new();
    let files = files();
    for file in &files {
        let shown = file.file_name().unwrap().to_string_lossy().into_owned();
        let case = match case::parse(&fs::read_to_string(file).unwrap(), &PROGRAMS) {
            Ok(case) => case,
            Err(errors) => {
                wrong.extend(errors.iter().map(|error| format!("{shown}: {error}")));
                continue;
            }
        };
        let set = match parse(case.policy().unwrap_or(sample)) {
            Ok(set) => set,
            Err(errors) => {
                wrong.extend(
                    errors
                        .iter()
                        .map(|error| format!("{shown}, policy: {error}")),
                );
                continue;
            }
        };
        if let Err(differences) = case.run(&set) {
            wrong.extend(differences.iter().map(|one| format!("{shown}: {one}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(files.len() >= 30, "only {} cases were found", files.len());
}
