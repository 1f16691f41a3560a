//! Known ways to steal from a wallet with one signature: each is a file in
//! `policy/cases/thefts/`, is refused for the right reason, and takes something on a chain
//! without the appliance, as far as the chain's programs are at hand.
//!
//! The transactions are built here from nothing but fixed keys. `BLESS=1` writes them into the
//! files; without it the files have to hold them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

mod actors;
mod additions;
mod build;
mod case_file;
mod estate;
mod execution;
mod lifetimes;
mod stage;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use softhsm_tests::program;

use estate::Estate;

use case_file::{decode, files, folder, policy};

#[test]
fn files_hold_the_transactions_that_are_built() {
    let mut built = build::transactions();
    for file in files() {
        let bytes = built.remove(&*file.name);
        let bytes = bytes.unwrap_or_else(|| panic!("nothing builds `{}`", file.name));
        let text = file.with_bytes(&bytes);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&file.path, &text).unwrap();
        } else {
            assert!(text == file.text, "`{}` holds other bytes", file.name);
        }
    }
    assert!(built.is_empty(), "without a file: {:?}", built.keys());
}

/// The ways of the list of known thefts.
const WAYS: std::ops::RangeInclusive<u8> = 1..=45;

#[test]
fn every_known_way_has_a_file() {
    let files = files();
    let ways: BTreeSet<u8> = files
        .iter()
        .filter_map(|file| file.theft.as_ref())
        .flat_map(|theft| theft.ways.iter().copied())
        .collect();
    assert_eq!(ways, WAYS.collect());
    for file in &files {
        let Some(theft) = &file.theft else {
            assert!(file.name.starts_with("control-"), "{}", file.name);
            continue;
        };
        // The name says the first way, or that it looks like something good.
        match theft.ways.first() {
            Some(way) => assert!(
                file.name.starts_with(&format!("{way:02}-")),
                "{}",
                file.name
            ),
            None => assert!(file.name.starts_with("look-alike-"), "{}", file.name),
        }
    }
}

#[test]
fn every_theft_is_refused_for_the_right_reason() {
    let set = policy();
    let mut wrong = Vec::new();
    for file in files() {
        let outcome = decode(file.case.transaction().unwrap(), &set);
        if let Err(differences) = file.case.decoded(outcome).run(&set) {
            wrong.extend(
                differences
                    .iter()
                    .map(|one| format!("{}: {one}", file.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_cli_refuses_them_too() {
    let programs = program::directory().unwrap();
    let countersign = program::require(&programs, "countersign").unwrap();
    let ended = program::run(
        Command::new(&countersign)
            .args(["policy", "test"])
            .arg(folder().join("thefts.policy.toml"))
            .arg(folder()),
    )
    .unwrap();
    assert_eq!(ended.code, Some(0), "{ended}");
    let passed = format!("{} passed, 0 failed", files().len());
    assert!(ended.stdout.contains(&passed), "{ended}");
}

#[test]
fn every_theft_takes_something_without_the_appliance() {
    let stage = stage::stage();
    let before = Estate::of(&stage);
    let mut wrong = Vec::new();
    for file in files() {
        let Some(theft) = file.theft.as_ref().filter(|theft| theft.executes) else {
            continue;
        };
        let mut svm = stage.clone();
        let (ran, fee) = execution::run(&mut svm, &file, theft.copies);
        let lost = before.lost(&Estate::of(&svm), fee);
        let takes: BTreeSet<&str> = theft.takes.iter().map(String::as_str).collect();
        // What only costs its fee is what fails.
        let fails = takes.contains("fee");
        if ran.is_ok() == fails || lost != takes || takes.is_empty() {
            wrong.push(format!("{}: took {lost:?}, {ran:?}", file.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What the VM does not run, or what takes nothing by itself; each file says why.
const NOT_EXECUTED: [&str; 49] = [
    "10-confidential-deposit",
    "10-confidential-transfer",
    "16-permissioned-burn",
    "20-coin-account-extended",
    "20-lighthouse-memory",
    "20-reallocate",
    "20-recover-nested",
    "21-stake-authorize-with-seed",
    "21-stake-split",
    "22-loader-upgrade",
    "25-swap-into-thiefs-account",
    "25-swap-redirected",
    "26-buy-without-maximum",
    "26-price-limit-pays-in-part",
    "26-slippage",
    "26-swap-for-nothing",
    "27-junk-in-an-account-opened-again",
    "27-own-pool-at-any-price",
    "27-worthless-token",
    "28-platform-fee",
    "28-positive-slippage",
    "28-share-fee-rate",
    "29-token-ledger",
    "30-order-of-another-maker",
    "30-order-without-expiry",
    "30-quote-at-any-price",
    "30-recurring-order",
    "31-liquidity",
    "31-position-of-thief",
    "33-exchange-calls-a-hidden-program",
    "36-route-reaches-a-hidden-account",
    "36-route-reaches-another-account",
    "36-route-reaches-stake",
    "36-wallet-among-the-pools-accounts",
    "37-duplicate-key",
    "37-non-minimal-count",
    "37-trailing-byte-after-message",
    "38-multisig-approve",
    "38-multisig-execute",
    "39-precompile",
    "40-off-chain-message",
    "44-untrusted-coin",
    "45-coin-created",
    "45-partial-fill",
    "look-alike-accounts-in-another-order",
    "look-alike-exchange-into-thiefs-account",
    "look-alike-trade-and-small-transfer",
    "look-alike-trade-into-its-source",
    "look-alike-transfer-with-hook-accounts",
];

#[test]
fn what_does_not_execute_is_known() {
    let mut named = Vec::new();
    for file in files() {
        let Some(theft) = &file.theft else { continue };
        assert_eq!(theft.executes, theft.why.is_none(), "{}", file.name);
        if !theft.executes {
            named.push(file.name);
        }
    }
    assert_eq!(named, NOT_EXECUTED);
}
