//! What was done wrong on the way here is told as what it is.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

use super::super::draft::{MINT, WALLET, compile, compile_hiding, open, pay, pool};
use super::super::{Context, decode_message, decode_transaction, from_base64};
use crate::DecodeErrorKind;

fn legacy() -> Vec<u8> {
    compile(WALLET, &[pay(pool(1), 5)])
}

fn v0() -> Vec<u8> {
    compile_hiding(&[open(WALLET, MINT)], &[MINT])
}

fn signed_slots(message: &[u8]) -> Vec<u8> {
    [&[1][..], &[0; 64], message].concat()
}

/// The refusal of bytes sent as a message, and as a transaction.
fn told(bytes: &[u8]) -> [String; 2] {
    let context = Context::new(WALLET);
    let refused = [
        decode_message(bytes, &context).unwrap_err(),
        decode_transaction(bytes, &context).unwrap_err(),
    ];
    refused.map(|error| {
        assert_eq!(error.kind(), DecodeErrorKind::Malformed, "{error}");
        error.to_string()
    })
}

fn as_message(bytes: &[u8]) -> String {
    let [as_message, _] = told(bytes);
    as_message
}

fn as_transaction(bytes: &[u8]) -> String {
    decode_transaction(bytes, &Context::new(WALLET))
        .unwrap_err()
        .to_string()
}

#[test]
fn the_other_form_is_told() {
    for message in [legacy(), v0()] {
        let told = as_transaction(&message);
        assert!(told.contains("send it as `message`"), "{told}");
        let transaction = signed_slots(&message);
        let told = decode_message(&transaction, &Context::new(WALLET)).unwrap_err();
        assert_eq!(told.kind(), DecodeErrorKind::Malformed);
        assert!(
            told.message().contains("send it as `transaction`"),
            "{told}"
        );
    }
}

#[test]
fn a_missing_version_byte_is_told() {
    let unversioned = &v0()[1..];
    for told in [
        as_message(unversioned),
        as_transaction(&signed_slots(unversioned)),
    ] {
        assert!(told.contains("version byte is missing"), "{told}");
        assert!(told.contains("to_bytes_versioned"), "{told}");
    }
    // Without lookups they are a legacy message and a zero, too.
    let either = as_message(&[&legacy()[..], &[0]].concat());
    for told in ["follows the end of the message", "version byte is missing"] {
        assert!(either.contains(told), "{either}");
    }
    let twice = [&[0x80][..], &v0()].concat();
    assert!(as_message(&twice).contains("stands twice"));
    let uncounted = [&[0x80][..], &legacy()].concat();
    assert!(as_message(&uncounted).contains("count of lookup tables is missing"));
}

#[test]
fn wrappings_are_told() {
    let cases: [(&[u8], &str); 6] = [
        (&[0x1f, 0x8b, 8, 0, 1], "compressed"),
        (&[0x28, 0xb5, 0x2f, 0xfd, 1], "compressed"),
        (b"\xef\xbb\xbfAQAB", "byte order mark"),
        (b"[1,0,1]", "JSON"),
        (b"{\"message\":\"AQ==\"}", "JSON"),
        (b"\xffsolana offchain\x00", "off-chain"),
    ];
    for (bytes, expected) in cases {
        for told in told(bytes) {
            assert!(told.contains(expected), "{told}");
            assert!(!told.starts_with("byte "), "{told}");
        }
    }
    let broken = [&legacy()[..], b"\r\n"].concat();
    assert!(as_message(&broken).contains("line breaks"));
    let text = STANDARD.encode(legacy());
    assert!(as_message(text.as_bytes()).contains("are base64 text"));
    let text: String = legacy().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(as_message(text.as_bytes()).contains("are hex text"));
    let text = bs58::encode(legacy()).into_string();
    assert!(as_message(text.as_bytes()).contains("are base58 text"));
}

#[test]
fn other_encodings_than_base64_are_told() {
    let message = v0();
    let plain = STANDARD.encode(&message);
    assert_eq!(from_base64(&plain).as_ref(), Ok(&message));
    assert_eq!(from_base64(""), Ok(Vec::new()));
    let hex: String = message.iter().map(|byte| format!("{byte:02x}")).collect();
    let url_safe = URL_SAFE.encode([&[0xfb, 0xff, 0xfe][..], &message].concat());
    let (first, rest) = plain.split_at(76);
    let cases = [
        (hex.clone(), "got hex"),
        (format!("0x{hex}"), "got hex"),
        (bs58::encode(&message).into_string(), "got base58"),
        (url_safe, "URL-safe"),
        (
            STANDARD_NO_PAD.encode(&message[..message.len() - message.len() % 3 - 1]),
            "padding",
        ),
        (format!("{first}\n{rest}"), "line breaks"),
        (format!("\u{feff}{plain}"), "byte order mark"),
        (
            format!("data:application/octet-stream;base64,{plain}"),
            "data URL",
        ),
        (format!("{plain}!"), "`!`"),
        (plain.split_at(plain.len() - 3).0.to_owned(), "cut"),
    ];
    for (text, expected) in cases {
        let told = from_base64(&text).unwrap_err();
        assert!(told.contains(expected), "{told}, not {expected}");
        assert!(!told.contains("offset"), "{told}");
    }
}

/// Base58 whose length and digits also make it base64.
#[test]
fn base58_that_reads_as_base64_is_told() {
    let found = (0..=255).any(|byte| {
        let message = compile(WALLET, &[pay(pool(byte), 5)]);
        let text = bs58::encode(&message).into_string();
        STANDARD.decode(&text).is_ok() && {
            assert!(from_base64(&text).unwrap_err().contains("got base58"));
            true
        }
    });
    let message = compile(WALLET, &[pay(pool(1), 5), pay(pool(2), 5)]);
    let text = bs58::encode(&message).into_string();
    assert!(from_base64(&text).unwrap_err().contains("got base58"));
    assert!(found || STANDARD.decode(&text).is_err());
}
