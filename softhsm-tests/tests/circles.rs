//! Source files that use each other in a circle can only be read, tested and changed together.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use softhsm_tests::program;
use softhsm_tests::use_graph::UseGraph;

/// Files that are in a circle still. It only gets shorter.
const STILL: &[&str] = &[
    "policy/decode/src/evm/effects.rs",
    "policy/decode/src/evm/call.rs",
    "policy/decode/src/evm/context.rs",
    "policy/decode/src/solana/fee.rs",
    "policy/decode/src/solana/program/jupiter_v6/token_account.rs",
    "policy/decode/src/solana/program/mod.rs",
    "policy/decode/src/solana/program/token/account.rs",
    "policy/decode/src/solana/walk/facts.rs",
    "policy/decode/src/solana/walk.rs",
    "policy/decode/src/solana/wire/message.rs",
    "policy/decode/src/solana/wire/mistake.rs",
    "policy/decode/src/solana/wire/serialise.rs",
    "policy/decode/src/solana/wire/text.rs",
    "policy/decode/src/solana/wire/v1.rs",
    "policy/intent/src/asset.rs",
    "policy/intent/src/field.rs",
    "policy/intent/src/venue/solana/draft.rs",
    "policy/intent/src/venue/solana/heads.rs",
    "policy/intent/src/venue.rs",
    "policy/src/approval/offchain.rs",
    "policy/src/approval/text.rs",
    "policy/src/approval.rs",
    "policy/src/cover.rs",
    "policy/src/decide.rs",
    "policy/src/document/value.rs",
    "policy/src/explain.rs",
    "policy/src/facts.rs",
    "policy/src/limit.rs",
    "policy/src/lint.rs",
    "policy/src/request.rs",
    "policy/src/rule.rs",
    "policy/src/set.rs",
    "policy/src/spending.rs",
    "policy/src/term/action.rs",
    "policy/src/term/asset.rs",
    "policy/src/term/source.rs",
    "policy/src/term.rs",
    "softhsm-tests/tests/thefts/build/act.rs",
    "softhsm-tests/tests/thefts/build/swap.rs",
    "softhsm-tests/tests/thefts/build/token.rs",
];

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The root files of everything that cargo builds here.
fn roots() -> Result<BTreeSet<PathBuf>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command
        .args([
            "metadata",
            "--format-version=1",
            "--no-deps",
            "--offline",
            "--locked",
        ])
        .current_dir(workspace());
    let ended = program::run(&mut command)?;
    ensure!(ended.code == Some(0), "cargo metadata: {ended}");
    let metadata: Value = serde_json::from_str(&ended.stdout)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let targets = packages
        .iter()
        .flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let paths = targets.map(|target| target["src_path"].as_str().map(PathBuf::from));
    paths.collect::<Option<_>>().context("a target has a path")
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let roots = roots().unwrap();
    assert!(roots.len() > 40, "cargo knows only {} targets", roots.len());
    let mut circles = Vec::new();
    for root in &roots {
        circles.extend(UseGraph::of_crate(root).unwrap().circles());
    }
    let relative = |file: &Path| file.strip_prefix(workspace()).unwrap().to_owned();
    let still: BTreeSet<PathBuf> = STILL.iter().map(PathBuf::from).collect();
    let found: BTreeSet<PathBuf> = circles
        .iter()
        .flat_map(|circle| &circle.files)
        .map(|file| relative(file))
        .collect();
    let base = format!("{}/", workspace().display());
    let told: Vec<String> = circles
        .iter()
        .filter(|circle| {
            circle
                .files
                .iter()
                .any(|file| !still.contains(&relative(file)))
        })
        .map(|circle| format!("{} files: {circle}", circle.files.len()).replace(&base, ""))
        .collect();
    let new: Vec<_> = found.difference(&still).collect();
    assert!(
        told.is_empty(),
        "files use each other in a circle; move what both need below both, or hand it in:\n{}\nnew in a \
         circle: {new:#?}",
        told.join("\n")
    );
    let untied: Vec<_> = still.difference(&found).collect();
    assert!(
        untied.is_empty(),
        "in no circle any more, take them off the list: {untied:#?}"
    );
}
