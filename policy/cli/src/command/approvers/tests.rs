use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_policy::approval::offchain;
use countersign_policy::approval::text::of_enrolment;
use ed25519_dalek::{Signature, SigningKey};
use serde_json::{Value, json};

use crate::command::tests::{countersign, tried};
use crate::exit::Exit;

const SCHEME: &str = "solana-offchain-v0";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn public() -> String {
    bs58::encode(key().verifying_key()).into_string()
}

fn keypair() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.json");
    let bytes = key().to_keypair_bytes().to_vec();
    std::fs::write(&path, serde_json::to_vec(&bytes).unwrap()).unwrap();
    (folder, path)
}

fn message(text: &str) -> Vec<u8> {
    offchain::message("desk.example", key().verifying_key().as_bytes(), text).unwrap()
}

fn proves(body: &Value, text: &str) {
    let proof = bs58::decode(body["proof"].as_str().unwrap())
        .into_vec()
        .unwrap();
    let proof = Signature::from_slice(&proof).unwrap();
    key()
        .verifying_key()
        .verify_strict(&message(text), &proof)
        .unwrap();
}

fn pending() -> Value {
    json!({
        "request_id": "req_1", "decision": "approval_required", "kind": "approver_add",
        "group": "change", "quorum": 2, "opens_at": "t1", "expires_at": "t2", "log_index": 9,
    })
}

#[test]
fn an_enrolment_proves_the_key_and_waits_for_the_group() {
    let (_folder, path) = keypair();
    let text = of_enrolment("desk.example", "alice", SCHEME, &public()).unwrap();
    let asked = json!({ "text": text, "message": STANDARD.encode(message(&text)) });
    let file = path.to_str().unwrap();
    let line = [
        "approvers",
        "enroll",
        "--name",
        "alice",
        "--operator",
        "a",
        "--keypair",
        file,
    ];
    let (exit, out, err, calls) = countersign(&line, [(200, asked), (202, pending())]);
    assert_eq!(exit, Exit::NeedsApproval, "{err}");
    assert!(out.contains("2 of `change`"), "{out}");
    assert!(err.contains("requests approve req_1"), "{err}");
    let body: Value = serde_json::from_slice(calls[1].body.as_ref().unwrap()).unwrap();
    assert_eq!(body["public_key"], public());
    assert_eq!(body["operator"], "a");
    proves(&body, &text);
}

#[test]
fn a_text_that_is_no_enrolment_is_not_signed() {
    let (_folder, path) = keypair();
    let text = "Withdraw 5 SOL\nto 8x\nreq_1\nat desk.example";
    let asked = json!({ "text": text, "message": STANDARD.encode(message(text)) });
    let line = [
        "approvers",
        "enroll",
        "--name",
        "alice",
        "--keypair",
        path.to_str().unwrap(),
    ];
    let (exit, _, err, calls) = countersign(&line, [(200, asked)]);
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("another text"), "{err}");
    assert_eq!(calls.len(), 1);
}

#[test]
fn a_proof_can_be_made_without_an_appliance() {
    let (_folder, path) = keypair();
    let file = path.to_str().unwrap();
    let line = [
        "--json",
        "approvers",
        "enroll",
        "--name",
        "alice",
        "--offline",
        "desk.example",
        "--keypair",
        file,
    ];
    let (exit, out, _, calls) = countersign(&line, []);
    assert_eq!(exit, Exit::Done);
    assert!(calls.is_empty());
    let body: Value = serde_json::from_str(&out).unwrap();
    proves(
        &body,
        &of_enrolment("desk.example", "alice", SCHEME, &public()).unwrap(),
    );
}

#[test]
fn removal_and_unfreezing_wait_for_the_group() {
    let (exit, _, _, calls) = countersign(&["approvers", "remove", "apr_1"], [(202, pending())]);
    assert_eq!(exit, Exit::NeedsApproval);
    assert_eq!(calls[0].path, "/v1/approvers/apr_1");
    let line = ["unfreeze", "venue", "solana", "--reason", "over"];
    let (exit, _, _, calls) = countersign(&line, [(202, pending())]);
    assert_eq!(exit, Exit::NeedsApproval);
    let body: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"scope": {"venue": "solana"}, "reason": "over"})
    );
}

const POLICY: &str = r#"schema = 1
name = "desk"

[groups.change]
approvers = ["alice", "bob"]
quorum = 2
delay = "24h"

[destinations.cold]
solana = ["9xQeWvG816bUx9EPjHmaT23yvVM2ZWbrrpZb9PusVFin"]
cooldown = "24h"

[[rules]]
name = "out"
when = { action = "withdrawal", destination = "cold", asset = "SOL" }
then = { approve = { group = "change", quorum = 2, ledger_cosign = true } }
"#;

fn active() -> (u16, Value) {
    let policy = json!({
        "id": "pol_1", "name": "desk", "version": 1, "hash": "00", "active": true,
        "created_at": "t", "text": POLICY,
    });
    (200, policy)
}

#[test]
fn groups_show_who_of_them_can_approve() {
    let enrolled = json!({ "items": [{
        "id": "apr_1", "name": "alice", "scheme": SCHEME, "public_key": public(),
        "groups": ["change"], "enrolled_at": "t",
    }]});
    let (exit, out, _, _) = countersign(&["groups", "list"], [active(), (200, enrolled)]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains(&public()), "{out}");
    let bob = out.lines().find(|line| line.contains("bob")).unwrap();
    assert!(bob.contains("not enrolled"), "{out}");
}

#[test]
fn a_new_destination_is_a_proposed_policy() {
    let line = ["destinations", "list"];
    let (_, out, ..) = countersign(&line, [active()]);
    assert!(out.contains("9xQeWvG8") && out.contains("24h"), "{out}");
    let other = bs58::encode([3; 32]).into_string();
    let (out, call) = tried(&["destinations", "add", "cold", &other], [active()]);
    assert_eq!(call.path, "/v1/policies");
    assert!(out.contains(&format!("adds {other} to `cold`")), "{out}");
    assert!(out.contains("a loosening"), "{out}");
    let line = ["destinations", "add", "cold", &other];
    let (exit, _, _, calls) = countersign(&line, [active(), (202, pending())]);
    assert_eq!(exit, Exit::NeedsApproval);
    let body: Value = serde_json::from_slice(calls[1].body.as_ref().unwrap()).unwrap();
    assert!(body["text"].as_str().unwrap().contains(&other));
    let gone = ["groups", "remove", "change", "eve"];
    let (exit, _, err, _) = countersign(&gone, [active()]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("has no `eve`"), "{err}");
}

#[test]
fn linting_the_active_policy_ends_with_one_where_money_is_at_stake() {
    let (exit, out, ..) = countersign(&["policy", "lint"], [active()]);
    assert_eq!(exit, Exit::Done, "{out}");
    let blind = POLICY.replace(", asset = \"SOL\"", "");
    let mut policy = active();
    policy.1["text"] = blind.into();
    let (exit, out, ..) = countersign(&["policy", "lint"], [policy]);
    assert_eq!(exit, Exit::Refused);
    assert!(out.contains("only a hash"), "{out}");
}

#[test]
fn freezes_removals_and_rejections_can_be_tried() {
    let request = "req_06060606060606060606060606060606";
    for (line, path, body) in [
        (
            vec!["freeze", "venue", "solana"],
            "/v1/freeze",
            "{\"scope\":{\"venue\":\"solana\"}}",
        ),
        (
            vec!["unfreeze", "everything"],
            "/v1/unfreeze",
            "{\"scope\":\"everything\"}",
        ),
        (
            vec!["approvers", "remove", "apr_1"],
            "/v1/approvers/apr_1",
            "",
        ),
        (
            vec!["requests", "reject", request],
            &format!("/v1/requests/{request}/reject"),
            "{}",
        ),
    ] {
        let (_, call) = tried(&line, []);
        assert_eq!(call.path, path);
        let sent = String::from_utf8(call.body.unwrap_or_default()).unwrap();
        assert_eq!(sent, body);
    }
}
