//! The map in ARCHITECTURE.md, held against what cargo knows and what lies in the tree.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use softhsm_tests::program;

/// Which crate uses which, besides development. Nothing points back.
const EDGES: &[(&str, &[&str])] = &[
    ("countersign-intent", &[]),
    ("countersign-api", &[]),
    ("countersign-audit", &[]),
    ("countersign-hsm", &[]),
    ("countersign-hardware-wallet", &[]),
    ("countersign-decode", &["countersign-intent"]),
    ("countersign-policy", &["countersign-intent"]),
    (
        "countersign-store",
        &[
            "countersign-audit",
            "countersign-intent",
            "countersign-policy",
        ],
    ),
    (
        "countersign-appliance",
        &[
            "countersign-api",
            "countersign-audit",
            "countersign-decode",
            "countersign-hsm",
            "countersign-intent",
            "countersign-policy",
            "countersign-store",
        ],
    ),
    (
        "countersign-cli",
        &[
            "countersign-api",
            "countersign-audit",
            "countersign-decode",
            "countersign-hardware-wallet",
            "countersign-hsm",
            "countersign-intent",
            "countersign-policy",
        ],
    ),
    (
        "softhsm-tests",
        &[
            "countersign-api",
            "countersign-appliance",
            "countersign-audit",
            "countersign-decode",
            "countersign-hardware-wallet",
            "countersign-hsm",
            "countersign-intent",
            "countersign-policy",
            "countersign-store",
        ],
    ),
];

/// The files at the top of the workspace.
const FILES: [&str; 12] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
];

/// Folders that make up the project.
const FOLDERS: [&str; 6] = [
    "appliance",
    "deploy",
    "firmware-notes",
    "hsm-adapters",
    "policy",
    "softhsm-tests",
];

/// The one place that may ask for `unsafe`, and the tests that take it apart.
const BINDING: [&str; 2] = ["hsm-adapters/src/pkcs11", "hsm-adapters/tests/softhsm"];

fn workspace() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here
        .parent()
        .context("the crate lies in a workspace")?
        .to_owned())
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.args(arguments).current_dir(workspace()?);
    let ended = program::run(&mut command)?;
    ensure!(ended.code == Some(0), "cargo {arguments:?}: {ended}");
    Ok(ended.stdout)
}

fn edges() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text = cargo(&[
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--offline",
        "--locked",
    ])?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = metadata["packages"].as_array().context("packages")?;
    let ours: BTreeSet<&str> = packages
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    let mut edges = BTreeMap::new();
    for package in packages {
        let uses = package["dependencies"]
            .as_array()
            .into_iter()
            .flatten()
            // Development and build dependencies say what kind they are.
            .filter(|dependency| dependency["kind"].is_null())
            .filter_map(|dependency| dependency["name"].as_str())
            .filter(|name| ours.contains(name))
            .map(str::to_owned)
            .collect();
        let name = package["name"].as_str().context("a package has a name")?;
        edges.insert(name.to_owned(), uses);
    }
    Ok(edges)
}

#[test]
fn crates_use_each_other_as_the_map_says() {
    let map: BTreeMap<String, BTreeSet<String>> = EDGES
        .iter()
        .map(|(name, uses)| {
            let uses = uses.iter().map(|used| (*used).to_owned()).collect();
            ((*name).to_owned(), uses)
        })
        .collect();
    assert_eq!(edges().unwrap(), map);
}

#[test]
fn inv12_the_pure_crates_have_no_io_no_async_and_no_randomness() {
    let reaches_out = [
        "tokio",
        "async-std",
        "reqwest",
        "hyper",
        "rustls",
        "sqlx",
        "cryptoki",
        "getrandom",
        "rand",
        "mio",
        "socket2",
    ];
    for crate_name in [
        "countersign-policy",
        "countersign-intent",
        "countersign-decode",
        "countersign-audit",
    ] {
        let tree = cargo(&[
            "tree",
            "--offline",
            "--locked",
            "-p",
            crate_name,
            "-e",
            "normal",
            "--prefix",
            "none",
        ])
        .unwrap();
        let names: BTreeSet<&str> = tree
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert!(names.contains(crate_name));
        for name in reaches_out {
            assert!(!names.contains(name), "{crate_name} uses {name}");
        }
    }
}

#[test]
fn neither_the_simulator_nor_the_ledger_is_in_the_appliance() {
    let tree = cargo(&[
        "tree",
        "--offline",
        "--locked",
        "-p",
        "countersign-appliance",
        "-e",
        "normal,features",
        "--prefix",
        "none",
    ])
    .unwrap();
    assert!(tree.contains("countersign-hsm"));
    assert!(
        !tree.contains("simulator"),
        "the appliance is built with the simulator"
    );
    assert!(
        !tree.contains("ledger-transport"),
        "the appliance is built with the adapter for Ledgers"
    );
}

/// What one kind of device is called stays with its adapter; a configuration that a test reads names
/// the kind.
#[test]
fn nothing_above_the_adapters_names_a_kind_of_device() {
    let words = [
        "pkcs11", "pkcs#11", "cka_", "ckm_", "ckf_", "ckr_", "cryptoki",
    ];
    let mut found = Vec::new();
    for folder in ["appliance/src", "appliance/store/src", "policy/cli/src"] {
        let mut files = Vec::new();
        sources(&workspace().unwrap().join(folder), &mut files).unwrap();
        for path in files {
            let text = fs::read_to_string(&path).unwrap().to_lowercase();
            let text = text.replace("kind = 'pkcs11'", "");
            let named = words.iter().filter(|word| text.contains(**word));
            found.extend(named.map(|word| format!("{}: {word}", path.display())));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// Names at the top of the workspace, of folders or of files.
fn top_level(folders: bool) -> BTreeSet<String> {
    fs::read_dir(workspace().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir() == folders)
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "target" && !name.starts_with('.'))
        .collect()
}

#[test]
fn top_level_folders_are_those_of_the_map() {
    assert_eq!(top_level(true), FOLDERS.map(str::to_owned).into());
}

#[test]
fn top_level_files_are_those_of_the_map() {
    let known = FILES.map(str::to_owned).into();
    let strays: Vec<_> = top_level(false).difference(&known).cloned().collect();
    assert_eq!(strays, [""; 0], "nothing else belongs at the top");
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                sources(&path, into)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

#[test]
fn unsafe_stands_only_in_the_pkcs11_binding() {
    let workspace = workspace().unwrap();
    let binding = BINDING.map(|folder| workspace.join(folder));
    let mut files = Vec::new();
    for folder in FOLDERS {
        sources(&workspace.join(folder), &mut files).unwrap();
    }
    assert!(files.len() > 100, "found only {} sources", files.len());
    // Put together here, so that this file does not find itself.
    let signs = ["{", "fn", "impl", "extern", "trait"].map(|next| format!("{} {next}", "unsafe"));
    let asks = format!("allow({}_code", "unsafe");
    for file in files {
        let bound = binding
            .iter()
            .any(|folder| file.starts_with(folder) || file == folder.with_extension("rs"));
        if bound {
            continue;
        }
        for line in fs::read_to_string(&file).unwrap().lines() {
            let code = line.split("//").next().unwrap_or_default();
            let asks =
                code.contains(&asks) || signs.iter().any(|sign| code.contains(sign.as_str()));
            assert!(!asks, "{}: {line}", file.display());
        }
    }
}
