use std::fs;
use std::path::PathBuf;

use clap::Parser;
use serde_json::{Value, json};

use crate::command::{Cli, run};
use crate::exit::Exit;
use crate::session::tests::Double;

const POLICY: &str = r#"schema = 1
name = "desk-a"

[groups.treasury]
approvers = ["alice", "bob"]

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]

[[rules]]
name = "to-cold"
when = { action = "withdrawal", destination = "cold" }
then = "allow"
"#;

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

fn policy(
    line: &[&str],
    answers: impl IntoIterator<Item = (u16, Value)>,
) -> (Exit, String, String) {
    let line = ["countersign", "policy"]
        .into_iter()
        .chain(line.iter().copied());
    let cli = Cli::try_parse_from(line).unwrap();
    let (outcome, out, err) = Double::answering(answers).run(cli.json, |session| {
        run(cli.command, session).inspect_err(|failure| session.out.failure(failure))
    });
    (outcome.unwrap_or_else(|failure| failure.exit), out, err)
}

#[test]
fn a_policy_that_can_be_used_is_told_with_what_looks_like_a_mistake() {
    let files = Files::new();
    let limit = "[[limits]]\nname = \"all\"\nwhen = { action = \"any\" }\nper = \"wallet\"\n\
                 window = \"24h\"\nmax_usd = \"1000\"\n";
    let file = files.write("policy.toml", &(POLICY.to_owned() + limit));
    let (exit, out, err) = policy(&["check", &file], []);
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(
        out.contains("`desk-a` can be used: 1 rules, 1 limits, hash "),
        "{out}"
    );
    // No price is declared, and nobody is named for changes.
    assert!(out.contains("warning: limit `all`: "), "{out}");
    let (exit, ..) = policy(&["check", &file, "--deny-warnings"], []);
    assert_eq!(exit, Exit::Refused);
    let (_, out, _) = policy(&["check", &file, "--json"], []);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["good"], true);
    assert_eq!(value["findings"][0]["severity"], "warning");
}

#[test]
fn a_policy_through_which_bots_alone_lose_all_is_not_good() {
    let files = Files::new();
    let file = files.write("policy.toml", POLICY);
    let (exit, out, err) = policy(&["check", &file], []);
    assert_eq!(exit, Exit::Refused, "{err}");
    let lost = "error: rule `to-cold`: it lets all SOL, USDC, USDT out";
    assert!(out.contains(lost), "{out}");
    assert!(
        out.contains("`desk-a` lets bots alone lose all there is"),
        "{out}"
    );
    let (exit, out, _) = policy(&["check", &file, "--json"], []);
    assert_eq!(exit, Exit::Refused);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["good"], false);
    let (exit, ..) = policy(&["lint", &file], []);
    assert_eq!(exit, Exit::Refused);
    // Whoever proposes it is told; the people who agree decide.
    let waits = json!({"request_id": "req_1", "decision": "approval_required"});
    let (exit, _, err) = policy(&["propose", &file], [(202, waits)]);
    assert_eq!(exit, Exit::NeedsApproval);
    assert!(err.contains("error: rule `to-cold`"), "{err}");
}

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_place() {
    let files = Files::new();
    let file = files.write(
        "policy.toml",
        &POLICY.replace("destination =", "destinaton ="),
    );
    let (exit, _, err) = policy(&["check", &file], []);
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains(&format!("{file}:12:")), "{err}");
    let (exit, out, _) = policy(&["check", &file, "--json"], []);
    assert_eq!(exit, Exit::Refused);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["errors"][0]["line"], 12);
}

#[test]
fn a_proposal_that_people_must_agree_to_says_so() {
    let files = Files::new();
    let file = files.write("policy.toml", POLICY);
    let waits = json!({"request_id": "req_1", "decision": "approval_required"});
    let (exit, out, err) = policy(&["propose", &file], [(202, waits)]);
    assert_eq!(exit, Exit::NeedsApproval);
    assert!(out.contains("req_1"), "{out}");
    assert!(err.contains("loosens"), "{err}");
    assert!(err.contains("nobody can ever loosen this policy"), "{err}");
    let people = "[groups.change]\napprovers = [\"alice\"]\nquorum = 1\n\n[destinations.cold]";
    let named = files.write("named.toml", &POLICY.replace("[destinations.cold]", people));
    let waits = json!({"request_id": "req_1", "decision": "approval_required"});
    let (_, _, err) = policy(&["propose", &named], [(202, waits)]);
    assert!(!err.contains("nobody can ever"), "{err}");
    let version = json!({
        "id": "pol_1", "name": "desk-a", "version": 2, "hash": "ab", "active": true,
        "created_at": "t",
    });
    let (exit, out, _) = policy(&["propose", &file], [(200, version)]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("pol_1  desk-a  decides"), "{out}");
}

#[test]
fn show_prints_the_text_to_the_byte() {
    let active = json!({
        "id": "pol_1", "name": "desk-a", "version": 2, "hash": "ab", "active": true,
        "created_at": "t", "text": POLICY,
    });
    let (exit, out, err) = policy(&["show"], [(200, active)]);
    assert_eq!((exit, out.as_str()), (Exit::Done, POLICY));
    assert!(err.contains("desk-a version 2"), "{err}");
}

const LIMITED: &str = r#"schema = 1
name = "desk-a"

[groups.treasury]
approvers = ["alice", "bob", "carol"]

[destinations.cold]
solana = ["COLD"]

[[limits]]
name = "sol-out"
when = { action = "withdrawal", asset = "SOL" }
per = "wallet"
window = "24h"
max_amount = "5"

[[rules]]
name = "to-cold"
when = { action = "withdrawal", destination = "cold" }
then = "allow"

[[rules]]
name = "fees"
when = { action = "fee" }
then = "allow"
"#;

/// What `policy explain` says about a payment of one SOL to the `cold` list.
fn explain(policy_text: &str, facts: &str, rest: &[&str]) -> (Exit, String, String) {
    let files = Files::new();
    let cold = countersign_intent::Address::new([8; 32]).to_string();
    let wallet = countersign_intent::Address::new([7; 32]).to_string();
    let message = files.write("message", &crate::command::tests::transfer());
    let rules = files.write("policy.toml", &policy_text.replace("COLD", &cold));
    let facts = files.write("facts.toml", facts);
    let line = [
        "explain",
        "--message",
        &message,
        "--wallet",
        &wallet,
        "--facts",
        &facts,
        "--policy",
        &rules,
    ];
    policy(&[&line, rest].concat(), [])
}

const FACTS: &str = "now = \"2026-11-21T12:00:00Z\"\nprincipal = \"bot/m7\"\n";

#[test]
fn explain_says_what_an_allowed_message_counts_as() {
    let (exit, out, err) = explain(LIMITED, FACTS, &[]);
    assert_eq!(exit, Exit::Done, "{out}{err}");
    assert!(out.contains("allowed by"), "{out}");
    assert!(out.contains("limit `sol-out` fits for wallet:"), "{out}");
}

#[test]
fn explain_says_what_is_left_of_a_limit_and_when_it_frees() {
    let facts =
        format!("{FACTS}used = [{{ limit = \"sol-out\", amount = \"4.5\", ago = \"1h\" }}]");
    let (exit, out, _) = explain(LIMITED, &facts, &[]);
    assert_eq!(exit, Exit::Refused);
    assert!(out.contains("used 4.5, asked 1"), "{out}");
    assert!(out.contains("can succeed from 2026-11-22T"), "{out}");
    let (_, out, _) = explain(LIMITED, &facts, &["--json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["code"], "limit_exceeded");
    assert_eq!(value["reasons"][0]["rule"], "sol-out");
}

#[test]
fn explain_says_who_has_to_agree() {
    let asks = LIMITED.replacen(
        "then = \"allow\"",
        "then = { approve = { group = \"treasury\", quorum = 2, time_lock = \"10m\", expires = \"24h\", ledger_cosign = false } }",
        1,
    );
    let (exit, out, err) = explain(&asks, FACTS, &[]);
    assert_eq!(exit, Exit::NeedsApproval, "{out}{err}");
    assert!(
        out.contains("`to-cold`: 2 of group `treasury` within 24h"),
        "{out}"
    );
    assert!(out.contains("not before 10m"), "{out}");
}

#[test]
fn facts_that_cannot_be_are_refused_with_their_place() {
    for (facts, why) in [
        ("principal = \"bot/m7\"", "now"),
        ("now = \"noon\"\nprincipal = \"bot/m7\"", "noon"),
        (&format!("{FACTS}nows = 1"), "nows"),
        (
            &format!("{FACTS}used = [{{ limit = \"none\", amount = \"1\" }}]"),
            "`none`",
        ),
        (
            &format!("{FACTS}prices = [{{ asset = \"XYZ\", usd = \"1\" }}]"),
            "`XYZ`",
        ),
    ] {
        let (exit, _, err) = explain(LIMITED, facts, &[]);
        assert_eq!(exit, Exit::Usage, "{facts}");
        assert!(err.contains(why), "{err}");
    }
}

#[test]
fn explain_is_about_a_request_or_a_message() {
    for rest in [
        vec![],
        vec!["--message", "a"],
        vec!["req_30313233343536373839616263646566", "--message", "a"],
    ] {
        let line = ["countersign", "policy", "explain"].into_iter().chain(rest);
        assert!(Cli::try_parse_from(line).is_err());
    }
}

const CASE: &str = r#"
name = "a payment to cold storage"
[addresses]
cold = "COLD"
[intent]
effects = [{ transfer = "1 SOL", to = "cold" }]
[expect]
decision = "allow"
rules = ["to-cold"]
"#;

#[test]
fn cases_are_held_against_a_policy() {
    let files = Files::new();
    let cold = countersign_intent::Address::new([8; 32]).to_string();
    let rules = files.write("desk.policy.toml", &LIMITED.replace("COLD", &cold));
    let case = CASE.replace("COLD", &cold);
    files.write("a-good.toml", &case);
    let folder = files.0.path().to_str().unwrap().to_owned();
    let (exit, out, err) = policy(&["test", &rules, &folder], []);
    assert_eq!(exit, Exit::Done, "{out}{err}");
    assert!(out.ends_with("1 passed, 0 failed\n"), "{out}");
    files.write("b-bad.toml", &case.replace("1 SOL", "6 SOL"));
    let (exit, out, _) = policy(&["test", &rules, &folder], []);
    assert_eq!(exit, Exit::Refused);
    assert!(
        out.contains("FAIL  a payment") && out.ends_with("1 passed, 1 failed\n"),
        "{out}"
    );
    let (_, out, _) = policy(&["test", &rules, &folder, "--json"], []);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["cases"][1]["ok"], false);
}

/// Known ways to steal from an EVM wallet with one signature, each refused for its reason, and what a
/// desk does beside them.
#[test]
fn every_theft_from_an_evm_wallet_is_refused_for_its_reason() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../cases/thefts-evm");
    let rules = format!("{folder}/evm.policy.toml");
    let (exit, out, err) = policy(&["test", &rules, folder, "--json"], []);
    assert_eq!(exit, Exit::Done, "{out}{err}");
    let value: Value = serde_json::from_str(&out).unwrap();
    let cases = value["cases"].as_array().unwrap();
    let honest = |case: &&Value| case["file"].as_str().unwrap().contains("honest");
    assert_eq!(cases.iter().filter(honest).count(), 8);
    assert_eq!(cases.len(), 66);
}

#[test]
fn a_case_that_cannot_be_read_is_no_failed_case() {
    let files = Files::new();
    let rules = files.write("desk.policy.toml", POLICY);
    let broken = files.write("c.toml", "name = 1\n");
    let (exit, _, err) = policy(&["test", &rules, &broken], []);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("c.toml:1:"), "{err}");
    let empty = files.0.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let (exit, ..) = policy(&["test", &rules, empty.to_str().unwrap()], []);
    assert_eq!(exit, Exit::Usage);
}

#[test]
fn diff_tells_a_tightening_from_a_loosening() {
    let files = Files::new();
    let cold = countersign_intent::Address::new([8; 32]).to_string();
    let text = LIMITED.replace("COLD", &cold);
    let old = files.write("old.toml", &text);
    let tighter = files.write(
        "tighter.toml",
        &text.replace("max_amount = \"5\"", "max_amount = \"4\""),
    );
    let (exit, out, err) = policy(&["diff", &old, &tighter], []);
    assert_eq!(exit, Exit::Done, "{out}{err}");
    assert!(
        out.starts_with("`sol-out` 5 -> 4 SOL per ") && out.contains("\na tightening"),
        "{out}"
    );
    let (exit, out, _) = policy(&["diff", &tighter, &old], []);
    assert_eq!(exit, Exit::NeedsApproval);
    assert!(out.contains("- limit `sol-out` is higher"), "{out}");
    let (exit, out, _) = policy(&["diff", &old, &old], []);
    assert_eq!(exit, Exit::Done);
    assert!(out.starts_with("no difference"), "{out}");
}

#[test]
fn diff_with_one_file_starts_from_the_active_policy() {
    let files = Files::new();
    let cold = countersign_intent::Address::new([8; 32]).to_string();
    let text = LIMITED.replace("COLD", &cold);
    let shorter = text.split("[[rules]]\nname = \"fees\"").next().unwrap();
    let file = files.write("new.toml", shorter);
    let active = json!({
        "id": "pol_1", "name": "desk-a", "version": 2, "hash": "ab", "active": true,
        "created_at": "t", "text": text,
    });
    let (exit, out, err) = policy(&["diff", &file, "--json"], [(200, active)]);
    assert_eq!(exit, Exit::Done, "{out}{err}");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["change"], "tightening");
    let gone = value["differences"][0].as_str().unwrap();
    assert!(gone.starts_with("rule `fees` removed: it "), "{gone}");
}

#[test]
fn the_manual_names_every_trading_program() {
    let manual = include_str!("../../../../README.md");
    let row = manual.lines().find(|line| line.starts_with("| `program`"));
    let named: Vec<&str> = row.unwrap().split('`').skip(3).step_by(2).collect();
    let mut known = countersign_decode::solana::TRADING_PROGRAMS.to_vec();
    known.sort_unstable();
    assert_eq!(named, known);
}
