//! What `eth-account` made of the same requests; `vectors/evm.py` says how.

use countersign_intent::evm::{Address, details};
use serde_json::Value;

use super::with;
use crate::evm::{
    Signature, decode_transaction, decode_typed_data, envelope_of_transaction,
    envelope_of_typed_data,
};

fn lines() -> Vec<Value> {
    let text = include_str!("../../../vectors/evm.jsonl");
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn bytes(line: &Value, key: &str) -> Vec<u8> {
    let digits = line[key].as_str().unwrap().strip_prefix("0x").unwrap();
    let digits = match digits.len() % 2 {
        0 => digits.to_owned(),
        _ => format!("0{digits}"),
    };
    hex::decode(digits).unwrap()
}

fn word(line: &Value, key: &str) -> [u8; 32] {
    let bytes = bytes(line, key);
    let mut word = [0; 32];
    word[32 - bytes.len()..].copy_from_slice(&bytes);
    word
}

fn signature(line: &Value) -> (Signature, u128) {
    let v = u128::from(line["v"].as_u64().unwrap());
    let signature = Signature {
        r: word(line, "r"),
        s: word(line, "s"),
        // 0 and 1, 27 and 28, 35 and 36 with twice the chain: odd is whatever its first is not.
        odd_y: match v {
            0 | 1 => v == 1,
            _ => v % 2 == 0,
        },
    };
    (signature, v)
}

#[test]
fn another_library_agrees_byte_for_byte() {
    let lines = lines();
    assert!(lines.len() > 120);
    for line in lines {
        let name = &line["name"];
        let wallet: Address = line["wallet"].as_str().unwrap().parse().unwrap();
        let decoded = with(wallet, |context| match &line["transaction"] {
            Value::Null => decode_typed_data(&line["typed_data"].to_string(), context),
            fields => decode_transaction(&fields.to_string(), context),
        });
        let decoded = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(decoded.input.for_device(), word(&line, "digest"), "{name}");
        let (signature, v) = signature(&line);
        let answer = decoded.finish(&signature).unwrap();
        assert_eq!(answer.v, v, "{name}");
        if line["transaction"].is_null() {
            assert_eq!(answer.transaction, None);
            continue;
        }
        assert_eq!(decoded.input.as_bytes(), bytes(&line, "raw"), "{name}");
        assert_eq!(answer.transaction, Some(bytes(&line, "signed")), "{name}");
        assert_eq!(answer.hash, word(&line, "hash"), "{name}");
        let raw = with(wallet, |context| {
            decode_transaction(&line["raw"].to_string(), context)
        });
        assert_eq!(raw.as_ref(), Ok(&decoded), "{name}");
    }
}

/// A retry is answered as the first time, whatever chains and tokens the policy lists by then.
#[test]
fn what_was_signed_is_found_again_without_a_policy() {
    for line in lines() {
        let name = &line["name"];
        let wallet: Address = line["wallet"].as_str().unwrap().parse().unwrap();
        let input = match &line["transaction"] {
            Value::Null => envelope_of_typed_data(&line["typed_data"].to_string(), wallet),
            fields => envelope_of_transaction(&fields.to_string()),
        };
        let input = input.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(input.for_device(), word(&line, "digest"), "{name}");
    }
}

/// The names of the vectors and what they are read as.
#[test]
fn every_kind_of_vector_is_read_as_what_it_is() {
    for line in lines() {
        let wallet: Address = line["wallet"].as_str().unwrap().parse().unwrap();
        let decoded = with(wallet, |context| match &line["transaction"] {
            Value::Null => decode_typed_data(&line["typed_data"].to_string(), context),
            fields => decode_transaction(&fields.to_string(), context),
        });
        let kinds: Vec<String> = details(&decoded.unwrap().intent)
            .map(|detail| {
                let debug = format!("{detail:?}");
                debug.split([' ', '(']).next().unwrap().to_owned()
            })
            .filter(|kind| kind != "Fee")
            .collect();
        let expected: &[&str] = match line["name"].as_str().unwrap() {
            "eip-155" | "native" | "token" | "wrapped" => &["Transfer"],
            "token-from" => &["TransferFrom"],
            "cancel" => &["Cancel"],
            "approve" | "approve-all" | "increase" => &["Allowance"],
            "revoke" => &["Revoke"],
            "wrap" => &["Wrap"],
            "unwrap" => &["Unwrap"],
            "call" => &["Call", "Transfer"],
            "permit" => &["Permit"],
            "payment" => &["TransferAuthorization"],
            "permit2" => &["Permit2Allowance"],
            "permit2-from" => &["Permit2Transfer"],
            other => panic!("{other}"),
        };
        assert_eq!(kinds, expected, "{}", line["name"]);
    }
}
