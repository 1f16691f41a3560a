//! Transactions that strangers tried and that were refused, explained. `vectors/to-decode-explained.txt`
//! is reviewed in diffs; run with `BLESS=1` to write it anew.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_intent::solana::Address;
use serde_json::Value;

use crate::explain;
use crate::solana::draft::{MINT, ata};
use crate::solana::wire::split_transaction;
use crate::solana::{Context, Decoded, decode_transaction};
use crate::{DecodeError, DecodeErrorKind};

const TRIED: &str = include_str!("../../../vectors/to-decode.jsonl");
const EXPLAINED: &str = "vectors/to-decode-explained.txt";

struct Tried {
    kind: String,
    wallet: Address,
    mints: Vec<Address>,
    bytes: Vec<u8>,
}

impl Tried {
    fn read(line: &str) -> Self {
        let record: Value = serde_json::from_str(line).unwrap();
        let key = |value: &Value| value.as_str().unwrap().parse().unwrap();
        Self {
            kind: record["kind"].as_str().unwrap().to_owned(),
            wallet: key(&record["wallet"]),
            mints: record["mints"]
                .as_array()
                .unwrap()
                .iter()
                .map(key)
                .collect(),
            bytes: STANDARD.decode(record["data"].as_str().unwrap()).unwrap(),
        }
    }

    fn decode(&self) -> Result<Decoded, DecodeError> {
        let context = Context {
            mints: &self.mints,
            ..Context::new(self.wallet)
        };
        decode_transaction(&self.bytes, &context)
    }
}

fn tried() -> Vec<Tried> {
    TRIED.lines().map(Tried::read).collect()
}

/// Their messages, for what holds for every message.
pub(super) fn messages() -> Vec<Vec<u8>> {
    let tried = tried();
    let messages = tried.iter();
    messages
        .map(|one| split_transaction(&one.bytes).unwrap().0.to_vec())
        .collect()
}

#[test]
fn what_strangers_tried_is_explained_as_reviewed() {
    let mut text = String::new();
    for one in tried() {
        writeln!(text, "{}", one.kind).unwrap();
        match one.decode() {
            Ok(decoded) => {
                for line in explain(&decoded.intent) {
                    writeln!(text, "  {line}").unwrap();
                }
            }
            Err(error) => writeln!(text, "  refused ({}): {error}", error.kind().as_str()).unwrap(),
        }
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPLAINED);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn all_but_dflow_decode() {
    let refused: Vec<DecodeErrorKind> = tried()
        .iter()
        .filter_map(|one| one.decode().err())
        .map(|error| error.kind())
        .collect();
    // The first lacks one mint, which stands in a table that nobody has shown us.
    let expected = [
        DecodeErrorKind::UnresolvedAccount,
        DecodeErrorKind::Forbidden,
    ];
    assert_eq!(refused, expected);
    assert_eq!(tried().len(), 6);
}

#[test]
fn a_market_makers_quote_decodes_once_its_mint_is_hinted() {
    let mut quote = tried().swap_remove(1);
    // The account of the mint that is not known, and one of a mint that is.
    let unknown: Address = "GteQmXZTQ1ty1M9Rz8M59xwwv9qJU7WZDMoKg5nQJ2qL"
        .parse()
        .unwrap();
    let known = ata(quote.wallet, MINT);
    let at = quote
        .bytes
        .windows(32)
        .position(|key| key == unknown.as_bytes());
    let at = at.unwrap();
    quote.bytes[at..at + 32].copy_from_slice(known.as_bytes());
    assert!(quote.decode().is_err());
    quote.mints = vec![MINT];
    let decoded = quote.decode().unwrap();
    let trade = explain(&decoded.intent)
        .into_iter()
        .find(|line| line.starts_with("trade at most 0.02 SOL for at least "));
    assert!(trade.is_some_and(|line| line.contains(&MINT.to_string())));
    assert_eq!(decoded.intent.cosigners().len(), 1);
}
