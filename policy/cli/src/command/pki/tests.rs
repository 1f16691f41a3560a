use std::fs;
use std::path::Path;

use clap::Parser;
use serde_json::{Value, json};

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
    for rest in [vec![], vec!["--csr", "a", "--key-out", "b"]] {
        let line = ["countersign", "pki", "renew"].into_iter().chain(rest);
        assert!(Cli::try_parse_from(line).is_err());
    }
}
