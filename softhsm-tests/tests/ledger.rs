//! Ledgers: the emulator held against what the real app answers, and the adapter on its socket.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failure is the test's"
)]

use countersign_hardware_wallet::{
    Address, App, DerivationPath, Error, Ethereum, Solana, open, running,
};
use serde_json::Value;
use softhsm_tests::ledger::{Buttons, Emulator, Keys, Ledger, Open, Press, Settings};

const VECTORS: &str = include_str!("../../hsm-adapters/hardware-wallet/vectors/ledger-solana.json");

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

fn settings(case: &Value) -> Settings {
    let given = &case["settings"];
    let number = |at: usize| u8::try_from(given["version"][at].as_u64().unwrap()).unwrap();
    Settings {
        open: match given["open"].as_str().unwrap() {
            "solana" => Open::Solana,
            "ethereum" => Open::Ethereum,
            "dashboard" => Open::Dashboard,
            other => panic!("{other}"),
        },
        version: (number(0), number(1), number(2)),
        blind_signing: given["blind_signing"].as_bool().unwrap(),
        locked: given["locked"].as_bool().unwrap(),
    }
}

#[test]
fn the_emulator_answers_and_shows_what_the_real_app_does() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let keys = Keys::Seed(bytes(file["seed"].as_str().unwrap()));
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 40, "only {} cases", cases.len());
    for case in cases {
        let name = &case["name"];
        let press = match case["press"].as_str().unwrap() {
            "approve" => Press::Approve,
            _ => Press::Reject,
        };
        let mut ledger = Ledger::new(keys.clone(), Buttons::always(press), settings(case));
        for exchange in case["exchanges"].as_array().unwrap() {
            let (mut data, status) = ledger.answer(&bytes(exchange[0].as_str().unwrap()));
            data.extend(status.to_be_bytes());
            assert_eq!(hex::encode(&data), exchange[1].as_str().unwrap(), "{name}");
        }
        let shown: Vec<String> = ledger.shown().iter().map(ToString::to_string).collect();
        let expected: Vec<String> = serde_json::from_value(case["shown"].clone()).unwrap();
        assert_eq!(shown, expected, "{name}");
    }
}

fn emulator(seed: u8, press: Press, settings: Settings) -> Emulator {
    let ledger = Ledger::new(Keys::Seed(vec![seed; 32]), Buttons::always(press), settings);
    Emulator::listen("127.0.0.1:0", ledger).unwrap()
}

fn solana(emulator: &Emulator) -> Solana {
    let address: Address = emulator.address().parse().unwrap();
    Solana::open(open(&address).unwrap()).unwrap()
}

/// The header of an off-chain message of version 0, format 0 and one signer; then the text.
fn off_chain(signer: [u8; 32], text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    [
        b"\xffsolana offchain\0".as_slice(),
        &[7; 32],
        &[0, 1],
        &signer,
        &length,
        text,
    ]
    .concat()
}

#[test]
fn the_longest_message_takes_61_commands_and_one_byte_more_is_refused() {
    let device = emulator(1, Press::Approve, Settings::default());
    let mut app = solana(&device);
    let path = DerivationPath::account(App::Solana, 0);
    let key = app.public_key(&path).unwrap();
    let longest = off_chain(key, &vec![b'a'; 15_312 - 85]);
    app.sign_off_chain(&path, &longest).unwrap();
    // The adapter does not send more, so the device is asked by hand.
    let mut data = vec![1, 3];
    data.extend(path.steps().iter().flat_map(|step| step.to_be_bytes()));
    data.extend(off_chain(key, &vec![b'a'; 15_313 - 85]));
    let parts: Vec<&[u8]> = data.chunks(255).collect();
    assert_eq!(parts.len(), 61);
    let mut last = 0;
    for (index, part) in parts.iter().enumerate() {
        let extend = u8::from(index > 0);
        let more = if index == 60 { 0 } else { 2 };
        let length = u8::try_from(part.len()).unwrap();
        let command = [&[0xe0, 7, 1, extend | more, length], *part].concat();
        last = device.ledger().answer(&command).1;
    }
    assert_eq!(last, 0x6a83);
}

/// A message of version 1 with these signers.
fn version_1(signers: &[[u8; 32]], text: &[u8]) -> Vec<u8> {
    let count = u8::try_from(signers.len()).unwrap();
    [
        b"\xffsolana offchain\x01".as_slice(),
        &[count],
        &signers.concat(),
        text,
    ]
    .concat()
}

#[test]
fn version_1_is_for_newer_apps_and_shown_in_full() {
    let new = Settings {
        version: (1, 14, 0),
        ..Settings::default()
    };
    let device = emulator(1, Press::Approve, new);
    let mut app = solana(&device);
    let path = DerivationPath::account(App::Solana, 0);
    let key = app.public_key(&path).unwrap();
    let message = version_1(&[key], b"Withdraw 5 SOL\nyes");
    app.sign_off_chain(&path, &message).unwrap();
    let shown = device.ledger().shown()[0].to_string();
    assert_eq!(shown, "Review message\nWithdraw 5 SOL\nyes");
    let (low, high) = ([0; 32], [0xff; 32]);
    app.sign_off_chain(&path, &version_1(&[low, key, high], b"yes"))
        .unwrap();
    for bad in [
        version_1(&[], b"yes"),
        version_1(&[low], b"yes"),
        version_1(&[high, key], b"yes"),
        version_1(&[key, key], b"yes"),
        version_1(&[key], b""),
    ] {
        let error = app.sign_off_chain(&path, &bad).unwrap_err();
        assert!(matches!(error, Error::Rejected { .. }), "{error}");
    }
    // Not ASCII: shown as a hash alone, so not without blind signing.
    let blind = app.sign_off_chain(&path, &version_1(&[key], "caf\u{e9}".as_bytes()));
    assert!(
        matches!(blind, Err(Error::BlindSigning { .. })),
        "{blind:?}"
    );
    // Older apps refuse the header.
    let old = emulator(1, Press::Approve, Settings::default());
    let error = solana(&old).sign_off_chain(&path, &message).unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error}");
    assert!(old.ledger().shown().is_empty());
}

#[test]
fn one_of_several_devices_is_chosen_by_its_key() {
    let (one, two) = (
        emulator(1, Press::Approve, Settings::default()),
        emulator(2, Press::Reject, Settings::default()),
    );
    let path = DerivationPath::account(App::Solana, 0);
    let mut first = solana(&one);
    let mut second = solana(&two);
    let key = first.public_key(&path).unwrap();
    assert_ne!(second.public_key(&path).unwrap(), key);
    let message = off_chain(key, b"yes");
    first.sign_off_chain(&path, &message).unwrap();
    // The message names the key of the other device.
    let error = second.sign_off_chain(&path, &message).unwrap_err();
    assert!(matches!(error, Error::Rejected { .. }), "{error}");
    let own = off_chain(second.public_key(&path).unwrap(), b"no");
    assert_eq!(second.sign_off_chain(&path, &own), Err(Error::Refused));
    assert_eq!(two.ledger().shown()[0].to_string(), "Review message\nno");
}

#[test]
fn a_device_that_is_put_right_goes_on() {
    let device = emulator(
        1,
        Press::Approve,
        Settings {
            locked: true,
            ..Settings::default()
        },
    );
    let address: Address = device.address().parse().unwrap();
    assert_eq!(
        Solana::open(open(&address).unwrap()).err(),
        Some(Error::Locked)
    );
    device.ledger().settings.locked = false;
    device.ledger().settings.open = Open::Dashboard;
    let name = running(&mut *open(&address).unwrap()).unwrap().name;
    assert_eq!(name, "BOLOS");
    assert!(matches!(
        Solana::open(open(&address).unwrap()).err(),
        Some(Error::WrongApp { .. })
    ));
    device.ledger().settings.open = Open::Solana;
    device.ledger().settings.blind_signing = true;
    let app = solana(&device);
    assert!(app.blind_signing());
    assert_eq!(app.version().to_string(), "1.9.0");
}

#[test]
fn a_personal_message_is_shown_in_full_and_signed() {
    let settings = Settings {
        open: Open::Ethereum,
        version: (1, 23, 0),
        ..Settings::default()
    };
    let device = emulator(3, Press::Approve, settings);
    let address: Address = device.address().parse().unwrap();
    let mut app = Ethereum::open(open(&address).unwrap()).unwrap();
    let path = DerivationPath::account(App::Ethereum, 0);
    let confirmed = app.confirm_address(&path).unwrap();
    assert_eq!(
        device.ledger().shown()[0].to_string(),
        format!("Pubkey\n0x{}", hex::encode(confirmed))
    );
    let text = "WITHDRAW 25 SOL\n".repeat(40);
    let signature = app.sign_personal(&path, &text).unwrap();
    assert!([27, 28].contains(&signature.v));
    assert_eq!(
        device.ledger().shown()[1].to_string(),
        format!("Review message\n{}", text.trim_end_matches('\0'))
    );
    device
        .ledger()
        .press_with(Buttons::script([Press::Reject, Press::Approve]));
    assert_eq!(app.sign_personal(&path, "again"), Err(Error::Refused));
    app.sign_personal(&path, "again").unwrap();
}

#[test]
fn addresses_are_those_that_other_wallets_derive() {
    // The key m/44'/60'/0'/0/0 of BIP-39's "test test … junk" seed, as development nodes use it.
    let seed = bytes(
        "9dfc3c64c2f8bede1533b6a79f8570e5943e0b8fd1cf77107adf7b72cef42185\
         d564a3aee24cab43f80e3c4538087d70fc824eabbad596a23c97b6ee8322ccc0",
    );
    let settings = Settings {
        open: Open::Ethereum,
        version: (1, 23, 0),
        ..Settings::default()
    };
    let ledger = Ledger::new(Keys::Seed(seed), Buttons::always(Press::Approve), settings);
    let device = Emulator::listen("127.0.0.1:0", ledger).unwrap();
    let address: Address = device.address().parse().unwrap();
    let mut app = Ethereum::open(open(&address).unwrap()).unwrap();
    let path = DerivationPath::account(App::Ethereum, 0);
    assert_eq!(
        hex::encode(app.address(&path).unwrap()),
        "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    );
}
