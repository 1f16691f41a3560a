//! The Ledger adapter against recorded exchanges, and against devices that answer anything.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use countersign_hardware_wallet::{
    Address, Answer, App, Command, Consequence, DerivationPath, Error, Ethereum, QUICK, Solana,
    Status, Tcp, Transport, open,
};
use proptest::prelude::*;
use serde_json::Value;

/// Answers prepared beforehand; every command has to be the one that was expected.
struct Replay {
    left: Arc<Mutex<VecDeque<(String, String)>>>,
}

impl Transport for Replay {
    fn exchange(&mut self, command: &Command, _: Duration) -> Result<Answer, Error> {
        let (expected, answer) = self.left.lock().unwrap().pop_front().unwrap();
        assert_eq!(hex::encode(command.to_bytes()), expected);
        Answer::parse(&bytes(&answer))
    }
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn call(transport: Box<dyn Transport>, call: &Value) -> Result<Vec<u8>, Error> {
    let mut app = Solana::open(transport)?;
    let text = |name: &str| call[name].as_str().unwrap();
    let path = || text("path").parse::<DerivationPath>().unwrap();
    match text("op") {
        "open" => Ok(Vec::new()),
        "confirm_public_key" => app.confirm_public_key(&path()).map(Vec::from),
        "sign_off_chain" => app
            .sign_off_chain(&path(), &bytes(text("message")))
            .map(Vec::from),
        "sign_transaction" => app
            .sign_transaction(&path(), &bytes(text("message")))
            .map(Vec::from),
        other => panic!("no such call: {other}"),
    }
}

#[test]
fn every_recorded_exchange_is_held_to() {
    let file = include_str!("../vectors/ledger-solana.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let mut calls = 0;
    for case in file["cases"].as_array().unwrap() {
        let Some(asked) = case.get("call") else {
            continue;
        };
        calls += 1;
        let name = &case["name"];
        let exchanges: VecDeque<(String, String)> =
            serde_json::from_value(case["exchanges"].clone()).unwrap();
        let left = Arc::new(Mutex::new(exchanges));
        let replay = Replay {
            left: Arc::clone(&left),
        };
        match (call(Box::new(replay), asked), asked.get("error")) {
            (Ok(result), None) => {
                assert_eq!(
                    hex::encode(&result),
                    asked["result"].as_str().unwrap(),
                    "{name}"
                );
            }
            (Err(error), Some(expected)) => {
                let expected = expected.as_str().unwrap();
                assert!(error.to_string().contains(expected), "{name}: {error}");
            }
            (came, expected) => panic!("{name}: {came:?}, expected {expected:?}"),
        }
        assert!(left.lock().unwrap().is_empty(), "{name}: not all was sent");
    }
    assert!(calls >= 34, "only {calls} calls");
}

/// Says yes to the first questions, then whatever it was given.
struct Anything {
    answers: VecDeque<Vec<u8>>,
}

impl Anything {
    fn boxed(app: App, answers: Vec<Vec<u8>>) -> Box<dyn Transport> {
        let name = app.name().as_bytes();
        let length = u8::try_from(name.len()).unwrap();
        let running = [&[1, length], name, b"\x061.23.0\x01\x00\x90\x00"].concat();
        let mut all = VecDeque::from([running]);
        if app == App::Solana {
            all.push_back(vec![0, 0, 1, 23, 0, 0x90, 0]);
        }
        all.extend(answers);
        Box::new(Self { answers: all })
    }
}

impl Transport for Anything {
    fn exchange(&mut self, _: &Command, _: Duration) -> Result<Answer, Error> {
        let answer = self.answers.pop_front();
        answer.map_or_else(
            || Err(Error::Lost("unplugged".to_owned())),
            |answer| Answer::parse(&answer),
        )
    }
}

fn off_chain() -> Vec<u8> {
    let mut message = b"\xffsolana offchain".to_vec();
    message.resize(600, b'x');
    message
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_device_that_answers_anything_gives_no_signature(
        answers in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..8),
        ok in any::<bool>(),
    ) {
        let mut answers = answers;
        if ok {
            for answer in &mut answers {
                answer.extend([0x90, 0x00]);
            }
        }
        let path = DerivationPath::account(App::Solana, 0);
        let app = Solana::open(Anything::boxed(App::Solana, answers.clone()));
        prop_assert!(app.unwrap().sign_off_chain(&path, &off_chain()).is_err());
        let path = DerivationPath::account(App::Ethereum, 0);
        let app = Ethereum::open(Anything::boxed(App::Ethereum, answers.clone()));
        prop_assert!(app.unwrap().sign_personal(&path, "text").is_err());
        let raw = Anything { answers: answers.into() };
        // Whatever it is, it ends.
        let _ = Solana::open(Box::new(raw));
    }
}

#[test]
fn a_signature_of_another_key_or_of_other_bytes_is_not_given_back() {
    let file = include_str!("../vectors/ledger-solana.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let case = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| case["name"] == "a short message takes one command")
        .unwrap();
    let answer = |index: usize| bytes(case["exchanges"][index][1].as_str().unwrap());
    let path = DerivationPath::account(App::Solana, 0);
    let message = bytes(case["call"]["message"].as_str().unwrap());
    let with = |key: Vec<u8>, signature: Vec<u8>| {
        let transport = Anything::boxed(App::Solana, vec![key, signature]);
        let mut app = Solana::open(transport).unwrap();
        app.sign_off_chain(&path, &message)
    };
    assert!(with(answer(2), answer(3)).is_ok());
    let mut other = answer(3);
    other[5] ^= 1;
    let error = with(answer(2), other).unwrap_err();
    assert_eq!(error, Error::WrongSignature);
    assert_eq!(error.consequence(), Consequence::Broken);
    let mut short = answer(3);
    short.remove(0);
    assert!(matches!(
        with(answer(2), short),
        Err(Error::Malformed { .. })
    ));
    let identity = [&[1][..], &[0; 31], &[0x90, 0]].concat();
    let small_order = [&[1][..], &[0; 63], &[0x90, 0]].concat();
    assert_eq!(with(identity, small_order), Err(Error::WrongSignature));
}

#[test]
fn what_is_no_message_of_the_kind_is_not_sent() {
    let path = DerivationPath::account(App::Solana, 0);
    let nothing = || Solana::open(Anything::boxed(App::Solana, Vec::new())).unwrap();
    let sent = |result: Result<[u8; 64], Error>| !matches!(result, Err(Error::Invalid(_)));
    assert!(!sent(nothing().sign_off_chain(&path, &[1, 0, 1])));
    assert!(!sent(nothing().sign_transaction(&path, &off_chain())));
    let mut long = off_chain();
    long.resize(15_313, b'x');
    assert!(!sent(nothing().sign_off_chain(&path, &long)));
    let foreign = "44'/60'/0'".parse().unwrap();
    assert!(!sent(nothing().sign_off_chain(&foreign, &off_chain())));
    let mut ethereum = Ethereum::open(Anything::boxed(App::Ethereum, Vec::new())).unwrap();
    let path = DerivationPath::account(App::Ethereum, 0);
    for text in ["", "Zo\u{eb}", "a\u{1b}[2J"] {
        let error = ethereum.sign_personal(&path, text).unwrap_err();
        assert!(matches!(error, Error::Invalid(_)), "{error}");
    }
}

#[test]
fn every_status_word_is_a_sentence_that_says_what_to_do() {
    let told = |status: u16| Status(status).error(App::Solana).to_string();
    for (status, expected) in [
        (0x5515, "unlock"),
        (0x6985, "refused on the Ledger"),
        (0x6808, "blind signing is off"),
        (0x6d00, "open the Solana app"),
        (0x6e01, "open the Solana app"),
        (0x6807, "install it"),
        (0x6901, "finish or dismiss it"),
        (0x6a15, "44'/501'/0'"),
        (0x6a83, "longer"),
        (0x6f42, "0x6f42"),
    ] {
        assert!(told(status).contains(expected), "{}", told(status));
    }
    let ethereum = Status::INVALID_DATA.error(App::Ethereum).to_string();
    assert!(ethereum.contains("printable text"), "{ethereum}");
    assert_eq!(Error::Refused.consequence(), Consequence::Refused);
    assert_eq!(Error::Locked.consequence(), Consequence::NotSent);
    assert_eq!(
        Error::TimedOut(QUICK).consequence(),
        Consequence::OutcomeUnknown
    );
}

/// Listens once, reads a command, answers these bytes and hangs up.
fn answering(answer: Vec<u8>) -> (String, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut command = [0; 9];
        client.read_exact(&mut command).unwrap();
        client.write_all(&answer).unwrap();
        command.to_vec()
    });
    (address, heard)
}

#[test]
fn the_emulators_framing_is_kept_and_its_abuse_is_bounded() {
    let command = Command::new(0xe0, 4, 0, 0, &[]).unwrap();
    let ask = |answer: &[u8]| {
        let (address, heard) = answering(answer.to_vec());
        let mut tcp = Tcp::connect(&address).unwrap();
        let came = tcp.exchange(&command, Duration::from_secs(5));
        let heard = heard.join().unwrap();
        assert_eq!(heard, [0, 0, 0, 5, 0xe0, 4, 0, 0, 0]);
        came
    };
    let came = ask(&[0, 0, 0, 2, 7, 8, 0x90, 0]).unwrap();
    assert_eq!((came.data(), came.status()), (&[7, 8][..], Status::OK));
    assert!(matches!(
        ask(&[0xff, 0xff, 0xff, 0xff]),
        Err(Error::Malformed { .. })
    ));
    assert!(matches!(
        ask(&[0, 0, 2, 1, 1]),
        Err(Error::Malformed { .. })
    ));
    assert!(matches!(ask(&[0, 0, 0, 2, 7]), Err(Error::Lost(_))));
    assert!(matches!(ask(&[]), Err(Error::Lost(_))));
}

#[test]
fn a_device_that_never_answers_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address: Address = format!("tcp:{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let mut transport = open(&address).unwrap();
    let command = Command::new(0xe0, 4, 0, 0, &[]).unwrap();
    let patience = Duration::from_millis(50);
    let error = transport.exchange(&command, patience).unwrap_err();
    assert_eq!(error, Error::TimedOut(patience));
    drop(listener);
    let error = open(&address).err().unwrap();
    assert!(matches!(error, Error::CannotOpen { .. }), "{error}");
}
