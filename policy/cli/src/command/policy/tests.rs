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
fn a_good_policy_is_good() {
    let files = Files::new();
    let file = files.write("policy.toml", POLICY);
    let (exit, out, err) = policy(&["check", &file], []);
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(
        out.starts_with("`desk-a` is good: 1 rules, 0 limits, hash "),
        "{out}"
    );
}

#[test]
fn what_is_wrong_with_a_policy_is_told_with_its_place() {
    let files = Files::new();
    let file = files.write(
        "policy.toml",
        &POLICY.replace("destination =", "destinaton ="),
    );
    let (exit, _, err) = policy(&["check", &file], []);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains(&format!("{file}:12:")), "{err}");
    let (exit, out, _) = policy(&["check", &file, "--json"], []);
    assert_eq!(exit, Exit::Usage);
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
