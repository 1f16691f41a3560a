use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use countersign_policy::approval::offchain;
use ed25519_dalek::{Signature, SigningKey};
use serde_json::{Value, json};

use countersign_decode::solana::{Context, decode_message};
use countersign_intent::{Address, intent_digest};

use crate::command::tests::{WALLET, countersign};
use crate::exit::Exit;

const POLICY: &str = r#"schema = 1
name = "desk"

[groups.treasury]
approvers = ["alice", "bob"]

[[rules]]
name = "out"
when = { action = "withdrawal", destination = "any", asset = "SOL" }
then = { approve = { group = "treasury", quorum = 2, ledger_cosign = true } }
"#;

const REQUEST: &str = "req_06060606060606060606060606060606";

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn keypair() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alice.json");
    let bytes = key().to_keypair_bytes().to_vec();
    std::fs::write(&path, serde_json::to_vec(&bytes).unwrap()).unwrap();
    (folder, path)
}

fn text() -> String {
    format!("Withdraw 5 SOL\nto 8x\n{REQUEST}\nat desk.example\ndigest 00")
}

fn approver(name: &str, key: &SigningKey) -> Value {
    json!({
        "id": format!("apr_{name}"), "name": name, "scheme": "solana-offchain-v0",
        "public_key": bs58::encode(key.verifying_key()).into_string(),
        "groups": ["treasury"], "enrolled_at": "t",
    })
}

fn approvers() -> (u16, Value) {
    let bob = approver("bob", &SigningKey::from_bytes(&[8; 32]));
    (200, json!({ "items": [bob, approver("alice", &key())] }))
}

fn asked(text: &str) -> Value {
    let own = key().verifying_key().to_bytes();
    let message = offchain::message("desk.example", &own, text).unwrap();
    json!({
        "request_id": REQUEST, "approver_id": "apr_alice", "approver": "alice",
        "public_key": bs58::encode(own).into_string(), "scheme": "solana-offchain-v0",
        "text": text, "message": STANDARD.encode(message),
    })
}

fn request(state: &str) -> Value {
    json!({
        "id": REQUEST, "kind": "sign", "principal": "bot/m", "wallet_id": "wal_1",
        "created_at": "t", "state": state, "log_index": 3, "answer": null,
        "asks": [{
            "group": "treasury", "quorum": 2, "counted": 1, "approvers": ["alice", "bob"],
            "rule": "out", "opens_at": "t1", "expires_at": "t2",
        }],
        "missing": ["`treasury` needs 2 approvals, 1 count"],
    })
}

#[test]
fn an_approval_is_signed_by_the_enrolled_key_over_the_rebuilt_bytes() {
    let (_folder, path) = keypair();
    let line = [
        "requests",
        "approve",
        REQUEST,
        "--keypair",
        path.to_str().unwrap(),
    ];
    let answers = [
        approvers(),
        (200, request("pending")),
        (200, asked(&text())),
        (200, request("pending")),
    ];
    let (exit, out, err, calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Done, "{err}");
    assert!(err.contains("  Withdraw 5 SOL\n"), "{err}");
    assert!(
        out.starts_with("alice approved\n`treasury`: 1 of 2 approvals"),
        "{out}"
    );
    assert_eq!(calls[2].query, [("approver_id", "apr_alice".to_owned())]);
    assert_eq!(calls[3].path, format!("/v1/requests/{REQUEST}/approvals"));
    assert!(calls[3].idempotency_key.is_some());
    let body: Value = serde_json::from_slice(calls[3].body.as_ref().unwrap()).unwrap();
    assert_eq!(body["approver_id"], "apr_alice");
    let signature = bs58::decode(body["signature"].as_str().unwrap())
        .into_vec()
        .unwrap();
    let own = key().verifying_key();
    let message = offchain::message("desk.example", &own.to_bytes(), &text()).unwrap();
    own.verify_strict(&message, &Signature::from_slice(&signature).unwrap())
        .unwrap();
}

#[test]
fn a_dry_run_shows_the_text_and_signs_nothing() {
    let (_folder, path) = keypair();
    let line = [
        "requests",
        "approve",
        REQUEST,
        "--dry-run",
        "--keypair",
        path.to_str().unwrap(),
    ];
    let answers = [
        approvers(),
        (200, request("pending")),
        (200, asked(&text())),
    ];
    let (exit, out, _, calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Done);
    assert_eq!(out, format!("{}\n", text()));
    assert_eq!(calls.len(), 3);
}

#[test]
fn what_is_over_or_was_said_already_is_not_read_again() {
    let (_folder, path) = keypair();
    let line = [
        "requests",
        "approve",
        REQUEST,
        "--keypair",
        path.to_str().unwrap(),
    ];
    for state in ["consumed", "done", "rejected", "expired", "signed"] {
        let (exit, _, err, calls) = countersign(&line, [approvers(), (200, request(state))]);
        assert_eq!(exit, Exit::Refused, "{err}");
        assert!(err.contains("nothing to approve"), "{err}");
        assert_eq!(calls.len(), 2);
    }
    let given = |counts: bool| {
        let mut request = request("pending");
        request["approvals"] = json!([{
            "approver_id": "apr_alice", "approver": "alice", "scheme": "solana-offchain-v0",
            "given_at": "t", "posted_by": "operator/a", "counts": counts,
        }]);
        (200, request)
    };
    let (exit, _, err, calls) = countersign(&line, [approvers(), given(true)]);
    assert_eq!(exit, Exit::Refused, "{err}");
    assert!(err.contains("`alice` approved"), "{err}");
    assert_eq!(calls.len(), 2);
    // One that counts no more, because the policy changed since, is asked for anew.
    let answers = [
        approvers(),
        given(false),
        (200, asked(&text())),
        (200, request("pending")),
    ];
    assert_eq!(countersign(&line, answers).0, Exit::Done);
}

#[test]
fn what_does_not_belong_together_is_not_signed() {
    let (_folder, path) = keypair();
    let line = [
        "requests",
        "approve",
        REQUEST,
        "--keypair",
        path.to_str().unwrap(),
    ];
    let with = |name: &str, value: Value| {
        let mut answer = asked(&text());
        answer[name] = value;
        answer
    };
    let other = bs58::encode([9; 32]).into_string();
    for (answer, expected) in [
        (with("text", text().replace('5', "6").into()), "other bytes"),
        (
            with("message", STANDARD.encode(text()).into()),
            "other bytes",
        ),
        (with("request_id", "req_1".into()), "expected the request"),
        (with("scheme", "eip191".into()), "expected the scheme"),
        (with("public_key", other.into()), "expected the key"),
        (
            asked(&text().replace("req_06", "req_07")),
            "does not name the request",
        ),
    ] {
        let answers = [approvers(), (200, request("pending")), (200, answer)];
        let (exit, _, err, calls) = countersign(&line, answers);
        assert_eq!(exit, Exit::Refused, "{err}");
        assert!(err.contains(expected), "{err}");
        assert_eq!(calls.len(), 3, "something was posted");
    }
}

#[test]
fn a_key_that_nobody_is_enrolled_with_is_told() {
    let (_folder, path) = keypair();
    let file = path.to_str().unwrap();
    let line = [
        "requests",
        "approve",
        REQUEST,
        "--keypair",
        file,
        "--approver",
        "bob",
    ];
    let answers = [approvers(), (200, request("pending"))];
    let (exit, _, err, calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("nobody is enrolled with"), "{err}");
    assert!(err.contains("`bob`") && !err.contains("`alice`"), "{err}");
    assert_eq!(calls.len(), 2);
    let line = [
        "requests",
        "approve",
        REQUEST,
        "--keypair",
        file,
        "--approver",
        "eve",
    ];
    let (exit, _, err, _) = countersign(&line, [approvers()]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("`eve` is enrolled"), "{err}");
}

#[test]
fn a_rejection_names_who_says_no() {
    let line = [
        "requests",
        "reject",
        REQUEST,
        "--approver",
        "bob",
        "--reason",
        "not ours",
    ];
    let mut rejected = request("rejected");
    rejected["rejection"] = json!({
        "approver": "bob", "posted_by": "operator/carol", "reason": "not ours", "at": "t",
    });
    let (exit, out, _, calls) = countersign(&line, [(200, rejected)]);
    assert_eq!(exit, Exit::Done);
    assert!(
        out.contains("rejected by operator/carol for bob (unsigned) at t: not ours"),
        "{out}"
    );
    let body: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(body, json!({"approver_id": "bob", "reason": "not ours"}));
}

#[test]
fn watching_ends_when_the_request_is_decided() {
    let line = ["requests", "watch", REQUEST];
    let answers = [
        (200, request("pending")),
        (200, request("pending")),
        (200, request("approved")),
    ];
    let (exit, out, err, calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Done);
    assert_eq!(calls.len(), 3);
    assert!(calls[0].query.contains(&("wait", "30s".to_owned())));
    assert!(out.contains("approved"), "{out}");
    assert_eq!(err.matches("needs 2 approvals").count(), 1, "{err}");
    for (state, exit) in [
        ("rejected", Exit::Refused),
        ("expired", Exit::Refused),
        ("done", Exit::Done),
    ] {
        assert_eq!(countersign(&line, [(200, request(state))]).0, exit);
    }
    let bounded = ["requests", "watch", REQUEST, "--for", "30s"];
    let (exit, ..) = countersign(&bounded, [(200, request("pending"))]);
    assert_eq!(exit, Exit::NeedsApproval);
}

#[test]
fn what_starts_and_ends_to_wait_is_told() {
    let page = |items: Value| (200, json!({ "items": items }));
    let line = ["requests", "watch", "--for", "4s"];
    let answers = [page(json!([request("pending")])), page(json!([]))];
    let (exit, out, _, calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Done);
    assert_eq!(calls.len(), 2);
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with(&format!("{REQUEST} waits: sign by bot/m")),
        "{out}"
    );
    assert!(
        lines[1].starts_with(&format!("{REQUEST} waits no more")),
        "{out}"
    );
}

#[test]
fn lists_can_be_narrowed_to_a_state() {
    let line = ["requests", "list", "--status", "pending"];
    let (exit, out, _, calls) = countersign(&line, [(200, json!({"items": [request("pending")]}))]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains(REQUEST), "{out}");
    assert!(calls[0].query.contains(&("status", "pending".to_owned())));
}

/// A legacy message: `wallet` pays and sends lamports, `signer` has to sign too.
fn cosigned(lamports: u64, blockhash: u8, signer: &[u8; 32]) -> Vec<u8> {
    let mut message = vec![2, 1, 1, 4];
    for key in [&[3; 32], signer, &[9; 32], &[0; 32], &[blockhash; 32]] {
        message.extend_from_slice(key);
    }
    message.extend([1, 3, 2, 0, 2, 12, 2, 0, 0, 0]);
    message.extend(lamports.to_le_bytes());
    message
}

fn withdrawal(message: &[u8]) -> Vec<(u16, Value)> {
    let address = Address::new([3; 32]);
    let decoded = decode_message(message, &Context::new(address)).unwrap();
    let digest: String = intent_digest(&decoded.intent)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut asked = request("approved");
    asked["wallet_id"] = WALLET.into();
    asked["text"] = format!("Withdraw\n{REQUEST}\nat desk.example\ndigest {digest}").into();
    let wallet = json!({
        "id": WALLET, "user_id": "usr_1", "venue": "solana", "environment": "mainnet",
        "address": address.to_string(), "key_type": "ed25519", "public_key": "00", "custody": "resident",
        "status": "active",
        "created_at": "t",
    });
    let policy = json!({
        "id": "pol_1", "name": "desk", "version": 1, "hash": "00", "active": true,
        "created_at": "t", "text": POLICY,
    });
    vec![(200, asked), (200, wallet), (200, policy)]
}

#[test]
fn a_fresh_message_of_the_same_withdrawal_is_cosigned() {
    let (folder, path) = keypair();
    let own = key().verifying_key();
    let (asked, fresh) = (
        cosigned(5, 1, own.as_bytes()),
        cosigned(5, 2, own.as_bytes()),
    );
    let file = folder.path().join("message");
    std::fs::write(&file, STANDARD.encode(&fresh)).unwrap();
    let (file, keypair) = (file.to_str().unwrap(), path.to_str().unwrap());
    let line = [
        "--json",
        "requests",
        "cosign",
        REQUEST,
        file,
        "--keypair",
        keypair,
    ];
    let (exit, out, err, _) = countersign(&line, withdrawal(&asked));
    assert_eq!(exit, Exit::Done, "{err}");
    let answer: Value = serde_json::from_str(&out).unwrap();
    let transaction = STANDARD
        .decode(answer["transaction"].as_str().unwrap())
        .unwrap();
    assert_eq!(transaction[0], 2);
    assert_eq!(
        transaction[1..65],
        [0; 64],
        "the wallet's slot is the appliance's"
    );
    let signature = Signature::from_slice(&transaction[65..129]).unwrap();
    assert_eq!(&transaction[129..], fresh);
    own.verify_strict(&fresh, &signature).unwrap();
}

#[test]
fn another_withdrawal_or_another_signer_is_not_cosigned() {
    let (folder, path) = keypair();
    let own = key().verifying_key();
    let file = folder.path().join("message");
    let keypair = path.to_str().unwrap();
    let line = [
        "requests",
        "cosign",
        REQUEST,
        file.to_str().unwrap(),
        "--keypair",
        keypair,
    ];
    let asked = cosigned(5, 1, own.as_bytes());
    std::fs::write(&file, STANDARD.encode(cosigned(6, 1, own.as_bytes()))).unwrap();
    let (exit, _, err, _) = countersign(&line, withdrawal(&asked));
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("something else"), "{err}");

    let others = cosigned(5, 1, &[8; 32]);
    std::fs::write(&file, STANDARD.encode(&others)).unwrap();
    let (exit, _, err, _) = countersign(&line, withdrawal(&others));
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("has no place in this message"), "{err}");

    std::fs::write(&file, STANDARD.encode(&asked)).unwrap();
    let mut done = withdrawal(&asked);
    done[0].1["state"] = "consumed".into();
    let (exit, _, err, _) = countersign(&line, done);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("`consumed`"), "{err}");
}
