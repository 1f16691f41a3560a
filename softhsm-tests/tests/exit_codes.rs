//! The operator's program: one exit code for each kind of outcome, on real answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::fs;

use serde_json::Value;
use softhsm_tests::program::{self, Ended};
use softhsm_tests::{Appliance, Options, message};
use solana_pubkey::Pubkey;

const POLICY: &str = include_str!("../../deploy/dev/policy.toml");
const COLD: &str = "9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin";
const SOL: u64 = 1_000_000_000;

fn countersign(appliance: &Appliance, who: &str, arguments: &[&str]) -> Ended {
    program::run(appliance.countersign(who).args(arguments)).unwrap()
}

#[tokio::test]
async fn signed_refused_unusable_unreachable_and_waiting_differ() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let run = |who: &str, arguments: &[&str]| countersign(&appliance, who, arguments);
    let json = |ended: &Ended| -> Value { serde_json::from_str(&ended.stdout).unwrap() };

    let user = run("gateway", &["--json", "users", "create", "u-1"]);
    assert_eq!(user.code, Some(0), "{user}");
    let user = json(&user)["id"].as_str().unwrap().to_owned();
    let wallet = run("gateway", &["--json", "wallets", "create", "--user", &user]);
    assert_eq!(wallet.code, Some(0), "{wallet}");
    let wallet = json(&wallet);
    let id = wallet["id"].as_str().unwrap().to_owned();
    let payer: Pubkey = wallet["address"].as_str().unwrap().parse().unwrap();
    let granted = run(
        "gateway",
        &["grants", "create", "--bot", "bot", "--wallet", &id],
    );
    assert_eq!(granted.code, Some(0), "{granted}");
    let listed = run("operator-a", &["wallets", "list"]);
    assert_eq!(listed.code, Some(0), "{listed}");
    assert!(listed.stdout.contains(&id), "{listed}");

    let write = |name: &str, to: &Pubkey, lamports| {
        let path = appliance.path(name);
        fs::write(&path, message::transfer(&payer, to, lamports)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cold: Pubkey = COLD.parse().unwrap();
    let small = write("small", &cold, 1_000);
    let theft = write("theft", &Pubkey::new_unique(), 1_000);
    let large = write("large", &cold, 2 * SOL);
    let noise = appliance.path("noise");
    fs::write(&noise, b"noise that is no message").unwrap();
    let noise = noise.to_str().unwrap();

    let sign = |file: &str, more: &[&str]| {
        let mut arguments = vec!["--json", "sign", "solana", file, "--wallet", &id];
        arguments.extend(more);
        run("bot", &arguments)
    };
    let signed = sign(&small, &[]);
    assert_eq!(signed.code, Some(0), "{signed}");
    let request = json(&signed)["request_id"].as_str().unwrap().to_owned();
    let again = sign(&small, &["--idempotency-key", "k"]);
    let same = sign(&small, &["--idempotency-key", "k"]);
    assert_eq!(json(&again), json(&same));
    let refused = sign(&theft, &[]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let refused_dry = sign(&theft, &["--dry-run"]);
    assert_eq!(refused_dry.code, Some(1), "{refused_dry}");
    let waits = sign(&large, &[]);
    assert_eq!(waits.code, Some(4), "{waits}");
    let unreadable = sign(noise, &[]);
    assert!(matches!(unreadable.code, Some(1 | 2)), "{unreadable}");
    let no_file = sign("/nothing/here", &[]);
    assert_eq!(no_file.code, Some(2), "{no_file}");
    let flags = run("bot", &["sign", "--colour"]);
    assert_eq!(flags.code, Some(2), "{flags}");

    let explained = run("operator-a", &["policy", "explain", &request]);
    assert_eq!(explained.code, Some(0), "{explained}");
    assert!(
        explained.stdout.contains("small-withdrawals-to-cold"),
        "{explained}"
    );
    let paused = run("operator-a", &["wallets", "pause", &id]);
    assert_eq!(paused.code, Some(0), "{paused}");
    let refused = sign(&small, &[]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(format!("{refused}").contains("paused"), "{refused}");

    appliance.stop().await.unwrap();
    let arguments = ["sign", "solana", &small, "--wallet", &id];
    let nobody = countersign(&appliance, "bot", &arguments);
    assert_eq!(nobody.code, Some(3), "{nobody}");
}

const NO_WALLET: &str = "wal_00000000000000000000000000000000";
const NO_GRANT: &str = "grt_00000000000000000000000000000000";
const NO_REQUEST: &str = "req_80000000000000000000000000000000";

/// Who, the command, and how it ends while the appliance runs; while it does not, each ends with 3.
const CALLS: &[(&str, &str, i32)] = &[
    ("auditor", "status", 0),
    ("operator-a", "clock show", 0),
    ("operator-a", "users list", 0),
    ("operator-a", "wallets list", 0),
    ("operator-a", "grants list", 0),
    ("operator-a", "requests list", 0),
    ("operator-a", "policy show", 0),
    ("operator-a", "policy history", 0),
    ("operator-a", "approvers list", 0),
    ("operator-a", "registrations list", 0),
    ("operator-a", "nonces list", 0),
    ("operator-a", "tables list", 0),
    ("operator-a", "venues list", 0),
    ("operator-a", "prices list", 0),
    ("operator-a", "pki list", 0),
    ("operator-a", "pki blocked", 0),
    ("operator-a", "freeze everything --dry-run", 0),
    // Not found.
    ("operator-a", "wallets show {wallet}", 2),
    ("operator-a", "grants revoke {grant}", 2),
    ("operator-a", "requests show {request}", 2),
    ("operator-a", "approvers remove nobody", 2),
    ("operator-a", "pki unblock bot/nobody", 2),
    ("operator-a", "unfreeze everything", 2),
    // Not by this role, or decided.
    ("bot", "users create u", 1),
    ("auditor", "freeze everything", 1),
    ("bot", "policy propose {policy}", 1),
    // People have to agree.
    ("operator-a", "approvers remove bob", 4),
];

fn line(call: &str, policy: &str) -> Vec<String> {
    let named = call
        .replace("{wallet}", NO_WALLET)
        .replace("{grant}", NO_GRANT)
        .replace("{request}", NO_REQUEST)
        .replace("{policy}", policy);
    named.split(' ').map(ToOwned::to_owned).collect()
}

#[tokio::test]
async fn every_command_ends_as_the_readme_says() {
    let mut appliance = Appliance::running(&Options::policy(POLICY)).await.unwrap();
    let policy = appliance.path("policy.toml");
    let policy = policy.to_str().unwrap();
    let run = |appliance: &Appliance, who: &str, call: &str| {
        let line = line(call, policy);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        countersign(appliance, who, &line)
    };
    let mut wrong = Vec::new();
    for (who, call, code) in CALLS {
        let ended = run(&appliance, who, call);
        if ended.code != Some(*code) {
            wrong.push(format!("{who} {call}: expected {code}: {ended}"));
        }
    }
    for call in [
        "wallets show x",
        "freeze nothing",
        "pki revoke",
        "grants create",
    ] {
        let ended = run(&appliance, "operator-a", call);
        if ended.code != Some(2) {
            wrong.push(format!("{call}: expected 2: {ended}"));
        }
    }
    appliance.stop().await.unwrap();
    for (who, call, _) in CALLS {
        let ended = run(&appliance, who, call);
        if ended.code != Some(3) {
            wrong.push(format!("{who} {call}: expected 3: {ended}"));
        }
    }
    std::fs::remove_file(appliance.path("countersignd.toml")).unwrap();
    for (argument, code) in [("--colour", 2), ("doctor", 1)] {
        let ended = program::run(appliance.countersignd().arg(argument)).unwrap();
        if ended.code != Some(code) {
            wrong.push(format!("countersignd: expected {code}: {ended}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
