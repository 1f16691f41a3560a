//! `deploy/dev/demo.sh`, as `make demo` runs it.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test by panicking"
)]

use std::path::Path;
use std::process::Command;

use softhsm_tests::program;

const PROMISED: [&str; 17] = [
    "✓ spiffe://dev.countersign.local/bot/momentum",
    "← 200 allow, by rule `dex-trades`",
    "✗ Jupiter v6: exact_out_route: Unsupported program id",
    "cold address: 0 SOL → 1 SOL",
    "no wrapped SOL → 0.5 SOL",
    "✗ 403 policy_denied",
    "✗ 422 undecodable",
    "← 202 approval required: 2 of group `treasury`",
    "Withdraw 5 SOL",
    "✓ 2 of 2 of group `treasury` agreed: approved",
    "← 200 allow, by rule `withdrawals-to-cold`",
    "✗ 409 already_decided",
    "← 50 signed, 1 refused",
    "✗ 429 limit_exceeded",
    "limit 50 SOL per 24h, used 50, asked 1",
    "✓ every reservation has its outcome",
    "Everything was as expected",
];

fn demo(temporary: &Path, directory: &str) -> program::Ended {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut script = Command::new(root.join("deploy/dev/demo.sh"));
    script.env("BIN", directory).env("TMPDIR", temporary);
    program::run(&mut script).unwrap()
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

#[test]
fn the_demo_shows_what_it_promises_and_leaves_nothing_behind() {
    let programs = program::directory().unwrap();
    for name in ["countersignd", "countersign"] {
        program::require(&programs, name).unwrap();
    }
    let temporary = tempfile::tempdir().unwrap();
    let ended = demo(temporary.path(), programs.to_str().unwrap());
    assert_eq!(ended.code, Some(0), "{ended}");
    for line in PROMISED {
        assert!(
            ended.stdout.contains(line),
            "expected `{line}` in:\n{ended}"
        );
    }
    assert!(!ended.stdout.contains('\u{1b}'), "colours in a file");
    assert!(is_empty(temporary.path()));
}

#[test]
fn without_programs_the_demo_says_what_to_run() {
    let temporary = tempfile::tempdir().unwrap();
    let ended = demo(temporary.path(), "/nowhere");
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stderr.contains("make demo"), "{ended}");
    assert!(is_empty(temporary.path()));
}
