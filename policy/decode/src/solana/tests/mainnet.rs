//! Real transactions, explained. `vectors/mainnet-explained.txt` is reviewed in diffs; run with
//! `BLESS=1` to write it anew.

use std::collections::VecDeque;
use std::fmt::Write as _;

use countersign_intent::solana::{Address, Asset};

use crate::solana::context::{AttestedTable, Context, RegisteredNonce};
use crate::solana::wire::{Message, serialise, split_transaction};
use crate::solana::{decode_message, ids};
use crate::{DecodeErrorKind, explain};

use super::{REAL, records};

const EXPLAINED: &str = "vectors/mainnet-explained.txt";

/// Tables filled with what the chain loaded from them for this transaction.
pub(super) fn tables(
    message: &Message<'_>,
    loaded: &serde_json::Value,
) -> Vec<(Address, Vec<Address>)> {
    let list = |name: &str| -> VecDeque<Address> {
        let keys = loaded[name].as_array().cloned().unwrap_or_default();
        keys.iter()
            .map(|key| key.as_str().unwrap().parse().unwrap())
            .collect()
    };
    let (mut writable, mut readonly) = (list("writable"), list("readonly"));
    let mut tables: Vec<(Address, Vec<Address>)> = message
        .lookups
        .iter()
        .map(|lookup| {
            (
                Address::new(*lookup.table),
                vec![Address::new([0xEE; 32]); 256],
            )
        })
        .collect();
    let known = !loaded.is_null();
    for (lookup, (_, entries)) in message.lookups.iter().zip(&mut tables) {
        for entry in lookup.writable.iter().filter(|_| known) {
            entries[usize::from(*entry)] = writable.pop_front().unwrap();
        }
    }
    for (lookup, (_, entries)) in message.lookups.iter().zip(&mut tables) {
        for entry in lookup.readonly.iter().filter(|_| known) {
            entries[usize::from(*entry)] = readonly.pop_front().unwrap();
        }
    }
    tables.retain(|_| known);
    tables
}

/// What an operator would have registered: the nonce account the message uses.
pub(super) fn nonces(message: &Message<'_>) -> Vec<RegisteredNonce> {
    let first = message.instructions.first();
    first
        .filter(|first| first.data == [4, 0, 0, 0])
        .map(|first| RegisteredNonce {
            account: Address::new(message.keys[usize::from(first.accounts[0])]),
            authority: Address::new(message.keys[0]),
        })
        .into_iter()
        .collect()
}

/// The message without the instructions that create and extend a pump.fun coin.
fn without_creation(message: &Message<'_>) -> Option<Vec<u8>> {
    let pump: Address = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P"
        .parse()
        .unwrap();
    let creates = |data: &[u8]| {
        [
            0x181e_c828_051c_0777,
            0xd690_4cec_5f8b_31b4,
            0xea66_c2cb_9648_3ee5_u64,
        ]
        .iter()
        .any(|known| data.starts_with(&known.to_be_bytes()))
    };
    let mut trade = message.clone();
    trade.instructions.retain(|instruction| {
        message.keys[usize::from(instruction.program)] != *pump.as_bytes()
            || !creates(instruction.data)
    });
    (trade.instructions.len() < message.instructions.len()).then(|| serialise(&trade))
}

/// Real trades that came with the creation of their coin, without it.
pub(super) fn trades_without_creation() -> Vec<Vec<u8>> {
    records(include_str!("../../../vectors/mainnet.jsonl"))
        .iter()
        .filter_map(|(_, bytes)| {
            without_creation(&Message::parse(split_transaction(bytes).unwrap().0).unwrap())
        })
        .collect()
}

fn explained(bytes: &[u8], context: &Context<'_>) -> String {
    match decode_message(bytes, context) {
        Ok(decoded) => explain(&decoded.intent)
            .iter()
            .map(|line| format!("    {line}\n"))
            .collect(),
        Err(error) => format!("    refused ({}): {error}\n", error.kind().as_str()),
    }
}

fn explain_all() -> String {
    let mut out = String::new();
    let lines = include_str!("../../../vectors/mainnet.jsonl").lines();
    for (number, line) in lines.enumerate() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let (kind, bytes) = records(line).pop().unwrap();
        let (bytes, _) = split_transaction(&bytes).unwrap();
        let message = Message::parse(bytes).unwrap();
        let tables = tables(&message, &record["loaded_addresses"]);
        let attested: Vec<AttestedTable<'_>> = tables
            .iter()
            .map(|(address, entries)| AttestedTable {
                address: *address,
                entries,
            })
            .collect();
        let nonces = nonces(&message);
        let strict = Context::new(Address::new(message.keys[0]));
        let helped = Context {
            tables: &attested,
            nonces: &nonces,
            ..strict
        };
        writeln!(out, "{number} {kind}").unwrap();
        let alone = decode_message(bytes, &strict).map_err(|error| error.kind().as_str());
        if let Err(kind) = alone {
            writeln!(out, "  with nothing attested or registered: {kind}").unwrap();
        }
        out.push_str(&explained(bytes, &helped));
        if let Some(trade) = without_creation(&message) {
            out.push_str("  without the coin's creation:\n");
            out.push_str(&explained(&trade, &helped));
        }
    }
    out
}

#[test]
fn real_transactions_are_explained_as_reviewed() {
    let explained = explain_all();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPLAINED);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &explained).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    for (ours, theirs) in explained.lines().zip(reviewed.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(explained.len(), reviewed.len());
}

#[test]
fn an_unattested_table_is_never_a_reason_to_accept() {
    // Whatever decodes without the tables decodes to the same effects with them.
    for (_, bytes) in records(REAL) {
        let (bytes, _) = split_transaction(&bytes).unwrap();
        let message = Message::parse(bytes).unwrap();
        let context = Context::new(Address::new(message.keys[0]));
        let Ok(strict) = decode_message(bytes, &context) else {
            continue;
        };
        let tables: Vec<AttestedTable<'_>> = message
            .lookups
            .iter()
            .map(|lookup| AttestedTable {
                address: Address::new(*lookup.table),
                entries: &[],
            })
            .collect();
        let empty = Context {
            tables: &tables,
            ..context
        };
        match decode_message(bytes, &empty) {
            Ok(decoded) => assert_eq!(decoded, strict),
            Err(error) => assert_eq!(error.kind(), DecodeErrorKind::Malformed),
        }
    }
}

#[test]
fn hints_never_change_what_is_understood() {
    let Asset::Token(usdc) = Asset::USDC else {
        panic!("USDC is a token");
    };
    let hints = [usdc, ids::TOKEN, Address::new([3; 32])];
    for (_, bytes) in records(REAL) {
        let (bytes, _) = split_transaction(&bytes).unwrap();
        let wallet = Address::new(Message::parse(bytes).unwrap().keys[0]);
        let plain = Context::new(wallet);
        let hinted = Context {
            mints: &hints,
            owners: &hints,
            ..plain
        };
        if let Ok(decoded) = decode_message(bytes, &plain) {
            assert_eq!(decode_message(bytes, &hinted), Ok(decoded));
        }
    }
}
