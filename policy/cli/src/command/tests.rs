use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

use super::{Cli, run};
use crate::exit::Exit;
use crate::session::tests::Double;

pub(crate) const WALLET: &str = "wal_30313233343536373839616263646566";

/// Runs a command line against prepared answers; gives back its end, standard output, standard
/// error, and what was sent.
pub(crate) fn countersign(
    line: &[&str],
    answers: impl IntoIterator<Item = (u16, Value)>,
) -> (Exit, String, String, Vec<crate::client::Call>) {
    let line = std::iter::once("countersign").chain(line.iter().copied());
    let cli = Cli::try_parse_from(line).unwrap();
    let double = Double::answering(answers);
    let (outcome, out, err) = double.run(cli.json, |session| {
        run(cli.command, session).inspect_err(|failure| session.out.failure(failure))
    });
    let exit = outcome.unwrap_or_else(|failure| failure.exit);
    (exit, out, err, double.calls())
}

fn names(path: &[&str]) -> Vec<String> {
    let mut command = Cli::command();
    for name in path {
        command = command.find_subcommand(name).unwrap().clone();
    }
    let verbs = command.get_subcommands();
    verbs.map(|verb| verb.get_name().to_owned()).collect()
}

#[test]
fn the_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn the_verbs_are_these() {
    assert_eq!(
        names(&[]).join(" "),
        "status users wallets grants venues requests sign decode policy prices freeze clock \
         second-factor unfreeze \
         approvers groups destinations registrations nonces tables limits ledger audit pki completions man"
    );
    assert_eq!(names(&["users"]).join(" "), "list show create");
    assert_eq!(
        names(&["wallets"]).join(" "),
        "list show create import import-key seal limit rename pause resume archive rotate verify"
    );
    assert_eq!(names(&["grants"]).join(" "), "list create revoke");
    assert_eq!(
        names(&["audit"]).join(" "),
        "tail checkpoint export verify proof"
    );
    assert_eq!(
        names(&["policy"]).join(" "),
        "check lint test explain diff backtest show history propose"
    );
    assert_eq!(
        names(&["requests"]).join(" "),
        "list show approve cosign reject watch"
    );
    assert_eq!(names(&["approvers"]).join(" "), "list enroll remove");
    assert_eq!(names(&["groups"]).join(" "), "list add remove");
    assert_eq!(names(&["destinations"]).join(" "), "list add remove");
    assert_eq!(names(&["ledger"]).join(" "), "list show enroll");
    assert_eq!(
        names(&["pki"]).join(" "),
        "issue collect list revoke blocked unblock renew"
    );
}

/// Commands that change something, by the flag for their key.
fn changing(command: &clap::Command, path: &str, found: &mut Vec<(String, bool)>) {
    let has = |long: &str| {
        let mut arguments = command.get_arguments();
        arguments.any(|one| one.get_long() == Some(long))
    };
    if has("idempotency-key") {
        found.push((path.to_owned(), has("dry-run")));
    }
    for verb in command.get_subcommands() {
        changing(verb, &format!("{path} {}", verb.get_name()), found);
    }
}

#[test]
fn every_command_that_changes_something_can_be_tried_first() {
    let mut found = Vec::new();
    changing(&Cli::command(), "countersign", &mut found);
    assert!(found.len() > 20, "{found:?}");
    let without: Vec<_> = found.iter().filter(|(_, dry_run)| !dry_run).collect();
    assert!(without.is_empty(), "{without:?}");
}

/// Names of arguments that take a value, with the command they are of.
fn taking(command: &clap::Command, path: &str, found: &mut Vec<(String, String)>) {
    for one in command.get_arguments() {
        if one.get_action().takes_values() {
            found.push((path.to_owned(), one.get_id().as_str().to_owned()));
        }
    }
    for verb in command.get_subcommands() {
        taking(verb, &format!("{path} {}", verb.get_name()), found);
    }
}

/// What stands in argv is seen by every process and kept by shells: secrets come from files, from the
/// environment, or are asked for.
#[test]
fn no_secret_is_ever_in_argv() {
    let mut found = Vec::new();
    taking(&Cli::command(), "countersign", &mut found);
    assert!(found.len() > 100, "{}", found.len());
    let secret = [
        "pin",
        "password",
        "passphrase",
        "secret",
        "seed",
        "token",
        "otp",
        "code",
    ];
    // A file, and the name of a field that a venue asks for.
    let harmless = ["otp_file", "secret"];
    let told: Vec<_> = found
        .iter()
        .filter(|(_, name)| name.split(['_', '-']).any(|word| secret.contains(&word)))
        .filter(|(path, name)| {
            !harmless.contains(&name.as_str())
                || (name == "secret" && !path.starts_with("countersign venues "))
        })
        .collect();
    assert!(told.is_empty(), "{told:?}");
    // Keys are files.
    for (path, name) in &found {
        if name.ends_with("key") || name == "keypair" {
            let known = [
                "key",
                "keypair",
                "vkey",
                "idempotency_key",
                "public_key",
                "cert_key",
                "import_key",
            ];
            assert!(known.contains(&name.as_str()), "{path}: {name}");
        }
    }
}

/// Tries a command: it has to ask the appliance once, last, with `dry_run` and a key; answers what it
/// asked.
pub(crate) fn tried(
    line: &[&str],
    before: impl IntoIterator<Item = (u16, Value)>,
) -> (String, crate::client::Call) {
    let entry = json!({ "kind": "user_created", "subject": "usr_1", "detail": {} });
    let answer = json!({ "dry_run": true, "decision": "allow", "entries": [entry] });
    let line = [line, &["--dry-run"]].concat();
    let answers = before.into_iter().chain([(200, answer)]);
    let (exit, out, err, mut calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Done, "{line:?}: {err}");
    assert!(out.contains("would be done: user_created usr_1"), "{out}");
    let call = calls.pop().unwrap();
    assert_eq!(call.query, [("dry_run", "true".to_owned())], "{line:?}");
    assert!(call.idempotency_key.is_some());
    let only_reads = |call: &crate::client::Call| call.method == countersign_api::Method::Get;
    assert!(calls.iter().all(only_reads), "{line:?}");
    (out, call)
}

#[test]
fn a_dry_run_is_decided_by_the_appliance() {
    let asked = json!({
        "dry_run": true, "decision": "approval_required",
        "change": { "kind": "unfreeze", "group": "change", "quorum": 2, "why": ["Unfreeze everything"] },
    });
    let line = ["unfreeze", "everything", "--dry-run"];
    let (exit, out, ..) = countersign(&line, [(200, asked)]);
    assert_eq!(exit, Exit::NeedsApproval);
    assert!(
        out.contains("quorum: 2") && out.contains("nothing was changed"),
        "{out}"
    );
    let refused = json!({
        "type": "about:blank", "title": "not found", "status": 404, "code": "not_found",
        "detail": "there is no wallet that you may see",
    });
    let line = ["wallets", "pause", WALLET, "--dry-run"];
    let (exit, _, err, _) = countersign(&line, [(404, refused)]);
    assert_eq!(exit, Exit::Usage);
    assert!(err.contains("no wallet"), "{err}");
    for arguments in [
        vec!["users", "create", "u"],
        vec!["wallets", "pause", WALLET],
        vec!["grants", "create", "--bot", "b", "--wallet", WALLET],
        vec!["prices", "set", "SOL", "150"],
        vec!["venues", "remove", "bybit"],
    ] {
        tried(&arguments, []);
    }
}

#[test]
fn what_cannot_be_taken_back_asks_for_the_name_or_yes() {
    let wallet = json!({
        "id": WALLET, "user_id": "usr_1", "venue": "solana", "environment": "mainnet",
        "address": "9xQe", "key_type": "ed25519", "public_key": "00", "custody": "resident",
        "status": "active", "name": "hot-7",
        "created_at": "t",
    });
    for verb in ["archive", "rotate"] {
        // Tests have no terminal.
        let line = ["wallets", verb, WALLET];
        let (exit, _, err, calls) = countersign(&line, [(200, wallet.clone())]);
        assert_eq!(exit, Exit::Usage, "{err}");
        assert!(
            err.contains("nothing was done") && err.contains("--yes"),
            "{err}"
        );
        assert_eq!(calls.len(), 1);
        tried(&line, []);
    }
    let line = ["wallets", "archive", WALLET, "--yes"];
    let answers = [(200, wallet.clone()), (200, wallet)];
    let (exit, _, err, calls) = countersign(&line, answers);
    assert_eq!(exit, Exit::Done, "{err}");
    assert_eq!(calls[1].path, format!("/v1/wallets/{WALLET}/archive"));
}

#[test]
fn limits_say_whom_to_name() {
    let page = json!({ "items": [] });
    let (_, _, err, _) = countersign(&["limits", "show"], [(200, page.clone())]);
    for flag in ["--wallet wal_…", "--bot NAME", "--destination ADDRESS"] {
        assert!(err.contains(flag), "{err}");
    }
    let line = ["limits", "show", "--wallet", WALLET];
    let (_, _, err, _) = countersign(&line, [(200, page)]);
    assert_eq!(err, "");
}

#[test]
fn help_names_every_verb() {
    let help = Cli::command().render_long_help().to_string();
    for name in names(&[]) {
        assert!(
            help.contains(&format!("  {name}")),
            "{name} is missing:\n{help}"
        );
    }
}

#[test]
fn every_command_takes_json_wherever_it_stands() {
    for line in [["--json", "status"], ["status", "--json"]] {
        let cli = Cli::try_parse_from(std::iter::once("countersign").chain(line)).unwrap();
        assert!(cli.json);
    }
}

#[test]
fn a_wrong_id_is_refused_before_anything_is_sent() {
    let line = ["countersign", "wallets", "pause", "usr_1"];
    let error = Cli::try_parse_from(line).unwrap_err();
    assert_eq!(error.exit_code(), Exit::Usage as i32);
    assert!(error.to_string().contains("wal_"), "{error}");
}

#[test]
fn state_changing_calls_carry_a_key() {
    let wallet = json!({
        "id": WALLET, "user_id": "usr_1", "venue": "solana", "environment": "mainnet",
        "address": "9xQe", "key_type": "ed25519", "public_key": "00", "custody": "resident",
        "status": "paused", "created_at": "t",
    });
    let line = ["wallets", "pause", WALLET, "--idempotency-key", "mine"];
    let (exit, out, _, calls) = countersign(&line, [(200, wallet.clone())]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("status:      paused"), "{out}");
    assert_eq!(calls[0].path, format!("/v1/wallets/{WALLET}/pause"));
    assert_eq!(calls[0].idempotency_key.as_deref(), Some("mine"));
    let (_, _, _, calls) = countersign(&["wallets", "pause", WALLET], [(200, wallet)]);
    assert!(
        calls[0]
            .idempotency_key
            .as_deref()
            .unwrap()
            .starts_with("cli-")
    );
}

#[test]
fn a_freeze_is_sent_as_the_wire_wants_it() {
    let state = json!({
        "scope": {"wallet": WALLET}, "by": "operator/alice", "since": "t", "recorded": false,
    });
    let line = ["freeze", "wallet", WALLET, "--reason", "drain"];
    let (exit, out, _, calls) = countersign(&line, [(200, state)]);
    assert_eq!(exit, Exit::Done);
    let sent: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(
        sent,
        json!({"scope": {"wallet": WALLET}, "reason": "drain"})
    );
    assert!(out.contains("could not be written yet"), "{out}");
}

#[test]
fn a_refusal_is_told_in_sentences_or_as_the_answer() {
    let problem = json!({
        "type": "about:blank", "title": "policy does not allow this", "status": 403,
        "detail": "1 reason", "code": "policy_denied",
        "reasons": [{"code": "policy_denied", "message": "no rule matches"}],
    });
    let line = ["requests", "list"];
    let (exit, out, err, _) = countersign(&line, [(403, problem.clone())]);
    assert_eq!((exit, out.as_str()), (Exit::Refused, ""));
    assert!(err.contains("- no rule matches"), "{err}");
    let (exit, out, err, _) =
        countersign(&["--json", "requests", "list"], [(403, problem.clone())]);
    assert_eq!((exit, err.as_str()), (Exit::Refused, ""));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), problem);
}

#[test]
fn a_key_that_is_not_there_is_found_wrong() {
    let check = |ok: bool| {
        json!({
            "wallet_id": WALLET, "address": "9xQe", "ok": ok, "checked_at": "t", "log_index": 7,
            "reason": (!ok).then_some("the token holds no such key"),
        })
    };
    let line = ["wallets", "verify", WALLET];
    let (exit, out, _, calls) = countersign(&line, [(200, check(true))]);
    assert_eq!(exit, Exit::Done, "{out}");
    assert_eq!(calls[0].path, format!("/v1/wallets/{WALLET}/verify"));
    let (exit, out, ..) = countersign(&line, [(200, check(false))]);
    assert_eq!(exit, Exit::Refused);
    assert!(out.contains("the token holds no such key"), "{out}");
}

#[test]
fn a_rotation_and_a_check_of_a_key_can_be_tried() {
    for verb in ["rotate", "verify"] {
        let (_, call) = tried(&["wallets", verb, WALLET], []);
        assert_eq!(call.path, format!("/v1/wallets/{WALLET}/{verb}"));
    }
}

#[test]
fn an_evm_transaction_is_sent_to_the_letter() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("transaction");
    let answer = json!({
        "request_id": "req_1", "decision": "allow", "log_index": 1, "address": "0x98",
        "signature": { "r": "0x01", "s": "0x02", "v": 1 }, "transaction": "0x02f8",
    });
    let sent = |text: &str, more: &[&str]| -> String {
        std::fs::write(&file, text).unwrap();
        let mut line = vec!["sign", "evm", file.to_str().unwrap(), "--wallet", WALLET];
        line.extend(more);
        let (exit, out, _, calls) = countersign(&line, [(200, answer.clone())]);
        assert_eq!(exit, Exit::Done, "{out}");
        assert_eq!(calls[0].path, "/v1/sign/evm");
        assert!(out.contains("0x02f8"), "{out}");
        String::from_utf8(calls[0].body.clone().unwrap()).unwrap()
    };
    let object = sent(r#"{"nonce": "0x04"}"#, &[]);
    assert!(
        object.contains(r#""transaction":{"nonce": "0x04"}"#),
        "{object}"
    );
    let raw = sent("0x02f8\n", &[]);
    assert!(raw.contains(r#""transaction":"0x02f8""#), "{raw}");
    let typed = sent(r#"{"primaryType":"Permit"}"#, &["--typed-data"]);
    assert!(
        typed.contains(r#""typed_data":{"primaryType":"Permit"}"#),
        "{typed}"
    );
    std::fs::write(&file, "nonce = 4").unwrap();
    let line = ["sign", "evm", file.to_str().unwrap(), "--wallet", WALLET];
    let (exit, _, err, _) = countersign(&line, []);
    assert_eq!(exit, Exit::Usage, "{err}");
}

#[test]
fn sign_ends_as_the_decision() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    std::fs::write(&file, "AQID").unwrap();
    let line = [
        "sign",
        "solana",
        file.to_str().unwrap(),
        "--wallet",
        WALLET,
        "--dry-run",
    ];
    for (status, decision, end) in [
        (200, "allow", Exit::Done),
        (200, "deny", Exit::Refused),
        (200, "approval_required", Exit::NeedsApproval),
        (202, "approval_required", Exit::NeedsApproval),
    ] {
        let answer = json!({
            "request_id": "req_1", "decision": decision, "log_index": 3,
            "effects": ["pays 1 SOL to X"],
            "reasons": [{"code": "policy_denied", "message": "no rule matches"}],
        });
        let (exit, out, _, calls) = countersign(&line, [(status, answer)]);
        assert_eq!(exit, end, "{decision}");
        assert!(out.contains("  - pays 1 SOL to X"), "{out}");
        assert!(out.contains("  - no rule matches"), "{out}");
        assert_eq!(calls[0].query, [("dry_run", "true".to_owned())]);
        let sent: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
        assert_eq!(sent["wallet_id"], WALLET);
    }
}

#[test]
fn a_revoked_grant_needs_no_body() {
    let line = ["grants", "revoke", "grt_30313233343536373839616263646566"];
    let (exit, out, _, calls) = countersign(&line, [(200, Value::Null)]);
    assert_eq!(exit, Exit::Done);
    assert_eq!(out, "revoked grt_30313233343536373839616263646566\n");
    assert_eq!(calls[0].method, countersign_api::Method::Delete);
}

#[test]
fn status_shows_checks_and_freezes() {
    let status = json!({
        "version": "0.1.0", "phase": "degraded", "log_size": 9, "checkpoint_size": 8,
        "log_vkey": "log+0+k", "you": "spiffe://desk/operator/alice",
        "checks": [
            {"name": "store", "ok": true},
            {"name": "clock", "ok": false, "detail": "moved back by 3s"},
        ],
        "clock": {"state": "suspect", "clock": "c", "time": "t", "since": "s", "direction": "back",
            "by": "1h"},
        "freezes": [{"scope": "everything", "by": "risk/auto", "since": "t", "recorded": true}],
    });
    let (exit, out, ..) = countersign(&["status"], [(200, status)]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("clock  FAILS  moved back by 3s"), "{out}");
    assert!(out.contains("SUSPECT since s: it went back by 1h"), "{out}");
    assert!(out.contains("everything  t"), "{out}");
}

#[test]
fn a_pause_takes_a_reason_and_needs_none() {
    let wallet = || {
        let wallet = json!({
            "id": WALLET, "user_id": "u", "venue": "solana", "environment": "mainnet", "address": "A",
            "key_type": "ed25519", "public_key": "00", "custody": "resident",
        "status": "paused", "created_at": "t",
        });
        (200, wallet)
    };
    let (exit, _, err, calls) = countersign(
        &["wallets", "pause", WALLET, "--reason", "odd trades"],
        [wallet()],
    );
    assert_eq!(exit, Exit::Done, "{err}");
    let sent: Value = serde_json::from_slice(calls[0].body.as_ref().unwrap()).unwrap();
    assert_eq!(sent, json!({"reason": "odd trades"}));
    let (exit, _, _, calls) = countersign(&["wallets", "pause", WALLET], [wallet()]);
    assert_eq!(exit, Exit::Done);
    assert!(calls[0].body.is_none());
}

#[test]
fn a_freeze_tells_what_was_frozen_before_and_what_is_not_there() {
    let state = json!({
        "scope": {"bot": "botx"}, "by": "risk/r", "since": "t2", "recorded": true,
        "first": {"by": "operator/a", "reason": "odd trades", "since": "t1"},
        "warning": "there is no holder of a certificate `bot/botx` here: did you mean `bot/bot`?",
    });
    let (exit, out, ..) = countersign(&["freeze", "bot", "botx"], [(200, state)]);
    assert_eq!(exit, Exit::Done);
    assert!(out.contains("since t1 by operator/a: odd trades"), "{out}");
    assert!(out.contains("WARNING: there is no holder"), "{out}");
}

#[test]
fn completions_and_man_pages_are_written() {
    let (exit, script, ..) = countersign(&["completions", "bash"], []);
    assert_eq!(exit, Exit::Done);
    assert!(script.contains("countersign"), "{script}");
    let folder = tempfile::tempdir().unwrap();
    let (exit, ..) = countersign(&["man", "--out", folder.path().to_str().unwrap()], []);
    assert_eq!(exit, Exit::Done);
    assert!(folder.path().join("countersign-policy.1").exists());
}

/// A legacy message that pays one SOL from `[7; 32]` to `[8; 32]`, in base64.
pub(super) fn transfer() -> String {
    use base64::Engine as _;
    let mut bytes = vec![1, 0, 1, 3];
    for key in [[7; 32], [8; 32], [0; 32], [9; 32]] {
        bytes.extend(key);
    }
    bytes.extend([1, 2, 2, 0, 1, 12, 2, 0, 0, 0]);
    bytes.extend(1_000_000_000_u64.to_le_bytes());
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn decode(text: &str, wallet: [u8; 32], rest: &[&str]) -> (Exit, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    std::fs::write(&file, text).unwrap();
    let wallet = countersign_intent::Address::new(wallet).to_string();
    let line = ["decode", file.to_str().unwrap(), "--wallet", &wallet];
    let (exit, out, err, _) = countersign(&[&line, rest].concat(), []);
    (exit, out, err)
}

#[test]
fn decode_says_what_a_message_does() {
    let (exit, out, err) = decode(&transfer(), [7; 32], &[]);
    assert_eq!(exit, Exit::Done, "{err}");
    let to = countersign_intent::Address::new([8; 32]).to_string();
    assert!(out.contains("1 SOL") && out.contains(&to), "{out}");
    let (_, out, _) = decode(&transfer(), [7; 32], &["--json"]);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["effects"][0]["action"], "withdrawal");
}

#[test]
fn decode_takes_the_payer_for_the_wallet_unless_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message");
    let line = ["decode", file.to_str().unwrap(), "--json"];
    let run = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let (exit, out, err, _) = countersign(&line, []);
        let value: Value = serde_json::from_str(&out).unwrap();
        (exit, value, err)
    };
    let (exit, value, err) = run(&transfer());
    assert_eq!(exit, Exit::Done, "{err}");
    let payer = countersign_intent::Address::new([7; 32]).to_string();
    assert_eq!(value["wallet"], payer);
    let (exit, value, _) = run("AQID");
    assert_eq!(exit, Exit::Refused);
    assert_eq!(value["kind"], "malformed");
}

#[test]
fn decode_refuses_what_is_not_understood_with_its_kind() {
    let (exit, _, err) = decode(&transfer(), [6; 32], &[]);
    assert_eq!(exit, Exit::Refused);
    assert!(err.contains("`not_a_signer`"), "{err}");
    let (exit, out, _) = decode("AQID", [7; 32], &["--json"]);
    assert_eq!(exit, Exit::Refused);
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["kind"], "malformed");
}
