use std::fs;
use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};

use crate::command::tests::countersign;
use crate::command::{Cli, run};
use crate::exit::Exit;
use crate::session::tests::Double;

fn issued() -> Value {
    json!({
        "id": "crt_1", "spiffe_id": "spiffe://desk/bot/m7", "not_before": "a",
        "not_after": "b", "pem": "PEM\n", "ca_pem": "CA\n",
    })
}

fn issue(key: &Path, out: &Path, answer: (u16, Value)) -> (Exit, String, Double) {
    let line = [
        "countersign",
        "pki",
        "issue",
        "--role",
        "bot",
        "--name",
        "m7",
        "--key-out",
        key.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    let cli = Cli::try_parse_from(line).unwrap();
    let double = Double::answering([answer]);
    let (outcome, _, _) = double.run(false, |session| run(cli.command, session));
    match outcome {
        Ok(exit) => (exit, String::new(), double),
        Err(failure) => (failure.exit, failure.lines.join("\n"), double),
    }
}

#[test]
fn a_new_key_stays_here_and_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let (key, out) = (folder.path().join("m7.key"), folder.path().join("m7.pem"));
    let (exit, _, double) = issue(&key, &out, (200, issued()));
    assert_eq!(exit, Exit::Done);
    assert_eq!(fs::read_to_string(&out).unwrap(), "PEM\n");
    let pem = fs::read_to_string(&key).unwrap();
    rcgen::KeyPair::from_pem(&pem).unwrap();
    let sent: Value = serde_json::from_slice(double.calls()[0].body.as_ref().unwrap()).unwrap();
    let csr = sent["csr"].as_str().unwrap();
    let request = rcgen::CertificateSigningRequestParams::from_pem(csr).unwrap();
    let ours = rcgen::KeyPair::from_pem(&pem).unwrap();
    assert_eq!(
        rcgen::PublicKeyData::der_bytes(&request.public_key),
        rcgen::PublicKeyData::der_bytes(&ours)
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let (key, out) = (folder.path().join("m7.key"), folder.path().join("m7.pem"));
    for taken in [&key, &out] {
        fs::write(taken, "mine").unwrap();
        let (exit, why, double) = issue(&key, &out, (200, issued()));
        assert_eq!(exit, Exit::Usage, "{why}");
        assert!(why.contains("is not overwritten"), "{why}");
        assert_eq!(double.calls().len(), 0);
        assert_eq!(fs::read_to_string(taken).unwrap(), "mine");
        fs::remove_file(taken).unwrap();
    }
}

#[test]
fn a_refusal_leaves_no_key_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (key, out) = (folder.path().join("m7.key"), folder.path().join("m7.pem"));
    let problem = countersign_api::Problem::new(countersign_api::ErrorCode::Forbidden, "no");
    let problem = serde_json::to_value(problem).unwrap();
    let (exit, ..) = issue(&key, &out, (403, problem));
    assert_eq!(exit, Exit::Refused);
    assert!(!key.exists() && !out.exists());
}

#[test]
fn a_request_of_ones_own_or_a_new_key_but_not_both() {
    for rest in [
        ["--csr", "a", "--key-out", "b"].as_slice(),
        &["--auto", "--csr", "a"],
        &["--auto", "--key-out", "b"],
    ] {
        let line = ["countersign", "pki", "renew"].iter().chain(rest);
        assert!(Cli::try_parse_from(line).is_err(), "{rest:?}");
    }
}

#[test]
fn a_certificate_that_people_agree_to_is_collected_later() {
    let folder = tempfile::tempdir().unwrap();
    let (key, out) = (folder.path().join("m7.key"), folder.path().join("m7.pem"));
    let pending = json!({
        "request_id": "req_1", "decision": "approval_required", "kind": "certificate",
        "group": "change", "quorum": 2, "opens_at": "t1", "expires_at": "t2", "log_index": 9,
    });
    let (exit, ..) = issue(&key, &out, (202, pending));
    assert_eq!(exit, Exit::NeedsApproval);
    assert!(key.exists() && !out.exists());

    let id = "req_06060606060606060606060606060606";
    let line = ["pki", "collect", id, "--out", out.to_str().unwrap()];
    let request = |state: &str, result: Value| {
        json!({
            "id": id, "kind": "certificate", "principal": "operator/a", "created_at": "t",
            "state": state, "log_index": 9, "answer": null, "result": result,
            "missing": ["one approval"],
        })
    };
    let waits = countersign(&line, [(200, request("pending", Value::Null))]);
    assert_eq!(waits.0, Exit::NeedsApproval);
    assert!(waits.2.contains("missing: one approval"), "{}", waits.2);
    let lost = countersign(&line, [(200, request("rejected", Value::Null))]);
    assert_eq!(lost.0, Exit::Refused);
    let done = countersign(&line, [(200, request("done", json!({"pem": "PEM\n"})))]);
    assert_eq!(done.0, Exit::Done);
    assert_eq!(fs::read_to_string(&out).unwrap(), "PEM\n");
    let again = countersign(&line, [(200, request("done", json!({"pem": "PEM\n"})))]);
    assert_eq!(again.0, Exit::Usage);
}

#[test]
fn shutting_oneself_out_is_asked_about_and_nobody_else() {
    let status = || {
        let status = json!({
            "version": "0", "phase": "ready", "log_size": 1, "checkpoint_size": 1, "log_vkey": "k",
            "you": "spiffe://desk/operator/a", "certificate": "crt_01010101010101010101010101010101",
            "checks": [], "clock": {"state": "ok", "clock": "c", "time": "c"}, "freezes": [],
        });
        (200, status)
    };
    let blocked = |name: &str| {
        let said = json!({"principal": name, "by": "operator/a", "since": "t", "recorded": true});
        (200, said)
    };
    let own = ["pki", "revoke", "--principal", "operator/a"];
    let (exit, _, err, calls) = countersign(&own, [status()]);
    assert_eq!(exit, Exit::Usage, "{err}");
    assert!(
        err.contains("operator/a is you") && err.contains("nothing was done"),
        "{err}"
    );
    assert_eq!(calls.len(), 1);
    let chain = ["pki", "revoke", "crt_01010101010101010101010101010101"];
    let (exit, _, err, calls) = countersign(&chain, [status()]);
    assert_eq!((exit, calls.len()), (Exit::Usage, 1), "{err}");

    let meant: Vec<&str> = own.iter().copied().chain(["--yes"]).collect();
    let (exit, ..) = countersign(&meant, [status(), blocked("operator/a")]);
    assert_eq!(exit, Exit::Done);
    let other = ["pki", "revoke", "--principal", "bot/a"];
    let (exit, ..) = countersign(&other, [status(), blocked("bot/a")]);
    assert_eq!(exit, Exit::Done);
    // An appliance that cannot say who one is shuts out all the same.
    let gone = countersign_api::Problem::new(countersign_api::ErrorCode::NotReady, "store");
    let gone = (503, serde_json::to_value(gone).unwrap());
    let (exit, ..) = countersign(&other, [gone, blocked("bot/a")]);
    assert_eq!(exit, Exit::Done);
}
