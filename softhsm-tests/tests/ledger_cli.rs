//! The real `countersign` with Ledgers: what is told, what is shown, what is signed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::process::Command;
use std::sync::{Arc, Mutex};

use countersign_policy::approval::{offchain, text::of_enrolment};
use ed25519_dalek::{Signature, VerifyingKey};
use serde_json::Value;
use softhsm_tests::ledger::{Buttons, Emulator, Keys, Ledger, Open, Press, Screen, Settings};
use softhsm_tests::program::{self, Ended};

fn device(seed: u8, press: Press, settings: Settings) -> Emulator {
    let ledger = Ledger::new(Keys::Seed(vec![seed; 32]), Buttons::always(press), settings);
    Emulator::listen("127.0.0.1:0", ledger).unwrap()
}

fn countersign(arguments: &[&str]) -> Ended {
    let programs = program::directory().unwrap();
    let mut command = Command::new(program::require(&programs, "countersign").unwrap());
    program::run(command.args(arguments)).unwrap()
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended}"))
}

#[test]
fn devices_are_listed_with_what_is_wrong_with_them() {
    let good = device(1, Press::Approve, Settings::default());
    let settings = |change: fn(&mut Settings)| {
        let mut settings = Settings::default();
        change(&mut settings);
        settings
    };
    let locked = device(2, Press::Approve, settings(|one| one.locked = true));
    let old = device(3, Press::Approve, settings(|one| one.version = (1, 7, 1)));
    let blind = device(4, Press::Approve, settings(|one| one.blind_signing = true));
    let home = device(
        5,
        Press::Approve,
        settings(|one| one.open = Open::Dashboard),
    );
    let devices = [&good, &locked, &old, &blind, &home].map(Emulator::address);
    let mut line = vec!["ledger", "list"];
    for address in &devices {
        line.extend(["--ledger", address]);
    }
    let listed = countersign(&line);
    assert_eq!(listed.code, Some(0), "{listed}");
    for (address, expected) in devices.iter().zip([
        "ready",
        "unlock it",
        "update it to 1.8.0",
        "blind signing is on",
        "open the Solana app",
    ]) {
        let mut rows = listed.stdout.lines();
        let row = rows.find(|row| row.contains(address)).unwrap();
        assert!(row.contains(expected), "{row}");
    }
    line.insert(0, "--json");
    assert_eq!(json(&countersign(&line))[0]["app"], "Solana 1.9.0");
    let gone = good.address();
    drop(good);
    let listed = countersign(&["ledger", "list", "--ledger", &gone]);
    assert!(listed.stdout.contains("cannot open"), "{listed}");
    assert_eq!(listed.code, Some(3), "{listed}");
    assert!(listed.stderr.contains("no Ledger answers at"), "{listed}");
}

#[test]
fn a_key_is_compared_with_the_screen() {
    let device = device(1, Press::Approve, Settings::default());
    let address = device.address();
    let shown = countersign(&["--json", "ledger", "show", "--ledger", &address]);
    assert_eq!(shown.code, Some(0), "{shown}");
    let key = json(&shown)["public_key"].as_str().unwrap().to_owned();
    assert_eq!(json(&shown)["path"], "44'/501'/0'");
    assert_eq!(device.ledger().shown(), [Screen::Key(key.clone())]);
    let line = [
        "--json",
        "ledger",
        "show",
        "--ledger",
        &address,
        "--path",
        "44'/501'/7'",
    ];
    assert_ne!(json(&countersign(&line))["public_key"], key);
    device.ledger().press_with(Buttons::always(Press::Reject));
    let refused = countersign(&["ledger", "show", "--ledger", &address]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(
        refused.stderr.contains("refused on the Ledger"),
        "{refused}"
    );
    let unasked = countersign(&["ledger", "show", "--unconfirmed", "--ledger", &address]);
    assert_eq!(unasked.code, Some(0), "{unasked}");
    let foreign = [
        "ledger",
        "show",
        "--ledger",
        &address,
        "--path",
        "44'/60'/0'",
    ];
    assert_eq!(countersign(&foreign).code, Some(2));
    device.ledger().settings.locked = true;
    let locked = countersign(&["ledger", "show", "--ledger", &address]);
    assert_eq!(locked.code, Some(3), "{locked}");
    assert!(locked.stderr.contains("unlock it with its PIN"), "{locked}");
}

#[test]
fn an_enrolment_shows_key_and_text_and_proves_possession() {
    let device = device(1, Press::Approve, Settings::default());
    let address = device.address();
    let line = [
        "--json",
        "ledger",
        "enroll",
        "--name",
        "alice",
        "--offline",
        "desk.example",
        "--ledger",
        &address,
    ];
    let enrolled = countersign(&line);
    assert_eq!(enrolled.code, Some(0), "{enrolled}");
    let body = json(&enrolled);
    let key = body["public_key"].as_str().unwrap();
    let text = of_enrolment("desk.example", "alice", "solana-offchain-v0", key).unwrap();
    let screens = [Screen::Key(key.to_owned()), Screen::Message(text.clone())];
    assert_eq!(device.ledger().shown(), screens);
    let bytes: [u8; 32] = bs58::decode(key).into_vec().unwrap().try_into().unwrap();
    let message = offchain::message("desk.example", &bytes, &text).unwrap();
    let proof = bs58::decode(body["proof"].as_str().unwrap())
        .into_vec()
        .unwrap();
    VerifyingKey::from_bytes(&bytes)
        .unwrap()
        .verify_strict(&message, &Signature::from_slice(&proof).unwrap())
        .unwrap();
    // The key is right, the text is not: the second screen is refused.
    let second = Buttons::script([Press::Approve, Press::Reject]);
    device.ledger().press_with(second);
    let refused = countersign(&line);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(!refused.stdout.contains("proof"), "{refused}");
}

#[test]
fn a_key_enrols_for_messages_of_version_1_where_the_app_takes_them() {
    let settings = Settings {
        version: (1, 15, 2),
        ..Settings::default()
    };
    let device = device(1, Press::Approve, settings);
    let address = device.address();
    let mut line = vec!["--json", "ledger", "enroll", "--name", "alice", "--offline"];
    line.extend(["desk.example", "--ledger", &address, "--scheme"]);
    let with = |scheme| countersign(&[line.as_slice(), &[scheme]].concat());
    let enrolled = with("solana-offchain-v1");
    assert_eq!(enrolled.code, Some(0), "{enrolled}");
    let body = json(&enrolled);
    assert_eq!(body["scheme"], "solana-offchain-v1");
    let key = body["public_key"].as_str().unwrap();
    let text = of_enrolment("desk.example", "alice", "solana-offchain-v1", key).unwrap();
    let bytes: [u8; 32] = bs58::decode(key).into_vec().unwrap().try_into().unwrap();
    let message = offchain::message_v1(&bytes, &text).unwrap();
    let proof = bs58::decode(body["proof"].as_str().unwrap())
        .into_vec()
        .unwrap();
    VerifyingKey::from_bytes(&bytes)
        .unwrap()
        .verify_strict(&message, &Signature::from_slice(&proof).unwrap())
        .unwrap();
    assert_eq!(with("eip191").code, Some(2));
    device.ledger().settings.version = (1, 13, 9);
    let old = with("solana-offchain-v1");
    assert_eq!(old.code, Some(1), "{old}");
    assert!(old.stderr.contains("update it to 1.14.0"), "{old}");
}

#[test]
fn an_ethereum_key_enrols_too() {
    let settings = Settings {
        open: Open::Ethereum,
        version: (1, 23, 0),
        ..Settings::default()
    };
    let device = device(1, Press::Approve, settings);
    let address = device.address();
    let enrolled = countersign(&[
        "--json",
        "ledger",
        "enroll",
        "--name",
        "bob",
        "--offline",
        "desk.example",
        "--ledger",
        &address,
    ]);
    assert_eq!(enrolled.code, Some(0), "{enrolled}");
    let body = json(&enrolled);
    assert_eq!(body["scheme"], "eip191");
    let key = body["public_key"].as_str().unwrap();
    let digits = key.strip_prefix("0x").unwrap();
    let bytes: [u8; 20] = hex::decode(digits).unwrap().try_into().unwrap();
    assert_eq!(key, countersign_policy::approval::eip55::write(&bytes));
    let proof = body["proof"].as_str().unwrap();
    assert!(proof.starts_with("0x") && proof.len() == 132, "{proof}");
    let text = of_enrolment("desk.example", "bob", "eip191", key).unwrap();
    assert_eq!(device.ledger().shown()[1], Screen::Message(text));
}

/// A command during a review would leave its approval without an answer, so none is sent.
#[test]
fn nothing_is_sent_to_a_device_that_somebody_reads_on() {
    let device = device(1, Press::Approve, Settings::default());
    let address = device.address();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (there, during) = (address.clone(), Arc::clone(&seen));
    device.ledger().press_with(Buttons::reading(move |_| {
        // Whoever asked the device now would wait for the end of this review.
        let listed = countersign(&["ledger", "list", "--ledger", &there]);
        let show = ["ledger", "show", "--unconfirmed", "--ledger", &there];
        let shown = countersign(&show);
        during.lock().unwrap().extend([listed, shown]);
        Press::Approve
    }));
    let ended = countersign(&["ledger", "show", "--ledger", &address]);
    assert_eq!(ended.code, Some(0), "{ended}");
    // Which app is open, its settings, the key, and the key on the screen.
    let commands = device.ledger().commands();
    let seen = seen.lock().unwrap();
    let [listed, shown] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    assert_eq!(listed.code, Some(0), "{listed}");
    assert!(listed.stdout.contains("in use by another"), "{listed}");
    assert_eq!(shown.code, Some(3), "{shown}");
    assert!(shown.stderr.contains("another `countersign`"), "{shown}");
    drop(seen);
    let alone = countersign(&["ledger", "list", "--ledger", &address]);
    assert!(alone.stdout.contains("ready"), "{alone}");
    assert!(commands <= 5, "{commands} commands");
}
