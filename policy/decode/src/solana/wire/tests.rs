use base64::Engine as _;
use proptest::prelude::*;
use solana_message::VersionedMessage;

use super::message::Message;
use super::reader::Reader;
use super::serialise::{compact_u16, serialise};
use super::transaction::{check_slots, split_transaction};
use crate::DecodeError;

/// The lines of a vector file: kind, bytes, and the whole record.
fn vectors(text: &str) -> Vec<(String, Vec<u8>, serde_json::Value)> {
    text.lines()
        .map(|line| {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let bytes = base64::engine::general_purpose::STANDARD
                .decode(record["data"].as_str().unwrap())
                .unwrap();
            (record["kind"].as_str().unwrap().to_owned(), bytes, record)
        })
        .collect()
}

fn parse_transaction(bytes: &[u8]) -> Result<(), DecodeError> {
    let (message, signatures) = split_transaction(bytes)?;
    check_slots(&Message::parse(message)?, signatures)
}

#[test]
fn malformed_transactions_are_refused() {
    let records = vectors(include_str!("../../../vectors/wire-mutations.jsonl"));
    assert_eq!(records.len(), 37);
    for (kind, bytes, record) in records {
        let notes = record["notes"].as_str().unwrap();
        // The bank refuses the lookup cases by the table's contents, which no message shows.
        let well_formed = notes.contains("valid_structure=True") || notes.starts_with("bank_err");
        let outcome = parse_transaction(&bytes);
        assert_eq!(outcome.is_ok(), well_formed, "{kind}: {outcome:?}");
    }
}

#[test]
fn mainnet_transactions_are_well_formed() {
    for (kind, bytes, _) in vectors(include_str!("../../../vectors/mainnet.jsonl")) {
        let (message, _) = split_transaction(&bytes).unwrap();
        assert_eq!(parse_transaction(&bytes), Ok(()), "{kind}");
        assert_eq!(serialise(&Message::parse(message).unwrap()), message);
    }
}

#[test]
fn ledger_messages_are_as_well_formed_as_the_library_finds_them() {
    for (kind, bytes, _) in vectors(include_str!("../../../vectors/ledger-messages.jsonl")) {
        // The library does not mind a key that stands twice.
        let expected = library_accepts(&bytes) && kind != "spl_token_create_multisig";
        assert_eq!(Message::parse(&bytes).is_ok(), expected, "{kind}");
    }
}

/// The library's reading, with everything it leaves to its callers: exact consumption by
/// re-encoding, and its own sanity check.
fn library_accepts(bytes: &[u8]) -> bool {
    let Ok(message) = wincode::deserialize_exact::<VersionedMessage>(bytes) else {
        return false;
    };
    wincode::serialize(&message).is_ok_and(|encoded| encoded == bytes) && message.sanitize().is_ok()
}

fn same_reading(bytes: &[u8]) {
    let Ok(ours) = Message::parse(bytes) else {
        return;
    };
    let theirs: VersionedMessage = wincode::deserialize_exact(bytes).unwrap();
    assert!(library_accepts(bytes));
    let keys: Vec<[u8; 32]> = theirs
        .static_account_keys()
        .iter()
        .map(|key| key.to_bytes())
        .collect();
    assert_eq!(ours.keys, keys);
    assert_eq!(ours.lifetime, theirs.recent_blockhash().as_bytes());
    assert_eq!(ours.instructions.len(), theirs.instructions().len());
    for (ours, theirs) in ours.instructions.iter().zip(theirs.instructions()) {
        assert_eq!(ours.program, theirs.program_id_index);
        assert_eq!(ours.accounts, theirs.accounts);
        assert_eq!(ours.data, theirs.data);
    }
    for index in 0..ours.keys.len() {
        let signs = index < usize::from(ours.header.required_signatures);
        assert_eq!(signs, theirs.is_signer(index));
    }
}

#[test]
fn what_is_accepted_reads_the_same_in_the_library() {
    for file in [
        include_str!("../../../vectors/mainnet.jsonl"),
        include_str!("../../../vectors/wire-mutations.jsonl"),
    ] {
        for (_, bytes, _) in vectors(file) {
            if let Ok((message, _)) = split_transaction(&bytes) {
                same_reading(message);
            }
        }
    }
    for (_, bytes, _) in vectors(include_str!("../../../vectors/ledger-messages.jsonl")) {
        same_reading(&bytes);
    }
}

fn real_message() -> impl Strategy<Value = Vec<u8>> {
    let messages: Vec<Vec<u8>> = vectors(include_str!("../../../vectors/mainnet.jsonl"))
        .into_iter()
        .map(|(_, bytes, _)| split_transaction(&bytes).unwrap().0.to_vec())
        .collect();
    proptest::sample::select(messages)
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = Message::parse(&bytes) {
            prop_assert_eq!(serialise(&message), bytes);
        }
    }

    #[test]
    fn damaged_messages_never_read_differently(
        bytes in real_message(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = bytes;
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        same_reading(&bytes);
    }

    #[test]
    fn counts_have_one_spelling(count: u16) {
        let mut bytes = Vec::new();
        compact_u16(usize::from(count), &mut bytes);
        prop_assert_eq!(Reader::new(&bytes).compact_u16("x").unwrap(), usize::from(count));
        let last = bytes.len() - 1;
        bytes[last] |= 0x80;
        bytes.push(0);
        prop_assert!(Reader::new(&bytes).compact_u16("x").is_err());
    }

    #[test]
    fn any_count_that_reads_is_minimal(bytes: [u8; 4]) {
        let mut reader = Reader::new(&bytes);
        if let Ok(count) = reader.compact_u16("x") {
            let mut written = Vec::new();
            compact_u16(count, &mut written);
            prop_assert_eq!(&written[..], &bytes[..reader.position()]);
        }
    }
}

#[test]
fn unknown_versions_are_refused_by_number() {
    for version in 0x82..=0xff_u8 {
        let error = Message::parse(&[version, 1, 0, 1]).unwrap_err();
        assert!(error.to_string().contains("version"), "{error}");
    }
    assert!(Message::parse(&[]).is_err());
    assert!(Message::parse(b"\xffsolana offchain hello").is_err());
}
