//! Every row of `vectors/swap-layouts.json` as a message, and what becomes of it.
//! `vectors/swap-layouts.md` is reviewed in diffs; run with `BLESS=1` to write it anew.

use std::fmt::Write as _;

use countersign_intent::solana::{Address, Asset, Detail as Effect, Swap};
use serde_json::Value;

use crate::solana::context::{Context, Market};
use crate::solana::draft::{
    STRANGER, Step, Use, WALLET, ata, effects_in, pays, pool, reads, signs, step, writes,
};
use crate::solana::ids;
use crate::solana::trade_check::{RECEIVED, SPENT, with_callees};
use crate::{DecodeError, DecodeErrorKind};

/// The mint between two hops.
pub(super) const MIDDLE: Address = Address::new([0x53; 32]);
const EVENT_AUTHORITY: Address =
    Address::from_literal("D8cy77BBepLMngZx6ZukaTff5hCt1HrWyKk3Hnd9oitf");
const TABLE: &str = "vectors/swap-layouts.md";
/// The slot in which both order books name their market.
const MARKET_SLOT: u8 = 2;
/// Read from public layouts and refused all the same.
const OPAQUE: &str = "okx-v1";

const MINTS: [Address; 3] = [SPENT, RECEIVED, MIDDLE];
const MARKETS: [Market; 1] = [Market {
    address: pool(MARKET_SLOT),
    base_mint: RECEIVED,
    quote_mint: SPENT,
    base_lot: 10,
    quote_lot: 5,
    taker_fee_bps: 0,
}];

/// What a client and an operator bring for the trades of the table.
pub(super) const fn context() -> Context<'static> {
    Context {
        mints: &MINTS,
        markets: &MARKETS,
        ..Context::new(WALLET)
    }
}

pub(super) fn rows() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../vectors/swap-layouts.json")).unwrap()
}

pub(super) fn is_trade(row: &Value) -> bool {
    let verdict = row["verdict"].as_str().unwrap();
    (verdict.starts_with("trade") || verdict.starts_with("only with")) && row["program"] != OPAQUE
}

fn numbers(text: &str) -> impl Iterator<Item = usize> {
    text.split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
}

/// The slot that a row names, with every choice taken as its first.
pub(super) fn slot(value: &Value, count: usize) -> Option<usize> {
    let slot = match value {
        Value::Number(number) => {
            let slot = number.as_i64()?;
            let from_end = i64::try_from(count).ok()? + slot;
            usize::try_from(if slot < 0 { from_end } else { slot }).ok()?
        }
        Value::String(text) => numbers(text).nth(usize::from(text.starts_with("other")))?,
        _ => return None,
    };
    (slot < count).then_some(slot)
}

/// A row of the table as a trade of 1,000 `SPENT` for 2,000 `RECEIVED`, with `count` accounts;
/// `None` where that is fewer than it names.
pub(super) fn build(row: &Value, count: usize) -> Option<Step> {
    let program: Address = row["program_id"].as_str()?.parse().ok()?;
    let mut accounts: Vec<Use> = (0..count)
        .map(|n| writes(pool(u8::try_from(n).unwrap())))
        .collect();
    for (at, account) in named(row, program, count)? {
        *accounts.get_mut(at)? = account;
    }
    Some(with_callees(step(program, accounts, data(row))))
}

fn named(row: &Value, program: Address, count: usize) -> Option<Vec<(usize, Use)>> {
    let extra = row["extra"].as_object()?;
    let mut places = Vec::new();
    let optional = extra.iter().filter(|(name, _)| name.ends_with('?'));
    places.extend(optional.map(|(_, at)| (at.as_u64().unwrap(), reads(program))));
    let programs = row["token_programs"].as_array();
    let programs = programs.into_iter().flatten().filter_map(Value::as_u64);
    places.extend(programs.map(|at| (at, reads(ids::TOKEN))));
    if row["program"] == "jupiter-v6" {
        let last = places.iter().map(|(at, _)| *at).max().unwrap_or_default();
        let events = extra.get("evt").and_then(Value::as_u64).unwrap_or(last + 1);
        places.push((events, reads(EVENT_AUTHORITY)));
        places.push((events + 1, reads(program)));
        if row["token_programs"].is_null() {
            places.push((0, reads(ids::TOKEN)));
        }
    }
    let between = extra.get("intermediate").and_then(Value::as_str);
    let between = between.into_iter().flat_map(numbers).step_by(2);
    places.extend(between.map(|at| (at as u64, writes(ata(WALLET, MIDDLE)))));
    if let Some(maker) = extra.get("maker").and_then(Value::as_u64) {
        places.push((maker, signs(STRANGER)));
    }
    if let Some(payer) = extra.get("penalty_payer").and_then(Value::as_u64) {
        places.push((payer, pays(WALLET)));
    }
    let mut places: Vec<(usize, Use)> = places
        .into_iter()
        .map(|(at, account)| (usize::try_from(at).unwrap(), account))
        .collect();
    places.push((slot(&row["user"], count)?, pays(WALLET)));
    for (account, named, mint) in [
        ("src_acct", "src_mint", SPENT),
        ("dst_acct", "dst_mint", RECEIVED),
    ] {
        for (name, account) in [(account, writes(ata(WALLET, mint))), (named, reads(mint))] {
            if !row[name].is_null() {
                places.push((slot(&row[name], count)?, account));
            }
        }
    }
    Some(places)
}

pub(super) fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn data(row: &Value) -> Vec<u8> {
    let mut data = unhex(row["disc"].as_str().unwrap());
    data.extend(match row["mode"].as_str().unwrap() {
        "quote" => quoted(row, [1_000, 2_000]),
        "quote_exact_out" => quoted(row, [2_000, 1_000]),
        "lots" if row["program"] == "phoenix" => phoenix_order(),
        "lots" => openbook_order(),
        _ => amounts(row),
    });
    data
}

/// Arguments at fixed offsets, whatever follows them empty.
fn amounts(row: &Value) -> Vec<u8> {
    let length = match &row["arg_lens"][0] {
        Value::Number(length) => usize::try_from(length.as_u64().unwrap()).unwrap(),
        Value::String(text) if text.starts_with("u64") => 8 * text.matches("64").count(),
        Value::String(text) if text == "var" => 24,
        // An absent option is one byte, an empty list four.
        Value::String(text) => {
            numbers(text).next().unwrap_or_default() + if text.contains("Option") { 1 } else { 4 }
        }
        other => panic!("no length in {other}"),
    };
    let mut data = vec![0; length];
    let mode = row["mode"].as_str().unwrap();
    let (amount, limit) = if mode == "exact_out" {
        (2_000_u64, 1_000_u64)
    } else {
        (1_000, 2_000)
    };
    if let Some(flag) = mode.strip_prefix("flag@") {
        data[numbers(flag).next().unwrap()] = 1;
    }
    let extra = row["extra"].as_object().unwrap();
    for (_, at) in extra.iter().filter(|(name, _)| name.starts_with("a_to_b")) {
        data[usize::try_from(at.as_u64().unwrap()).unwrap()] = 1;
    }
    for (offset, number) in [("amount_off", amount), ("limit_off", limit)] {
        if let Some(at) = row[offset].as_u64() {
            let at = usize::try_from(at).unwrap();
            data[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
    }
    data
}

/// Jupiter: amount, quoted amount, half a per cent of slippage, no fees, a plan of one step.
fn quoted(row: &Value, amounts: [u64; 2]) -> Vec<u8> {
    let lengths = row["arg_lens"][0].as_str().unwrap();
    let shared = row["name"].as_str().unwrap().starts_with("shared");
    let mut out = vec![0; usize::from(shared)];
    let amounts = amounts.map(u64::to_le_bytes).concat();
    let slippage = 50_u16.to_le_bytes();
    if lengths.ends_with("plan") {
        out.extend([&amounts[..], &slippage, &[0; 4]].concat());
        out.extend([1, 0, 0, 0, 7, 0x10, 0x27, 0, 1]);
    } else {
        out.extend([1, 0, 0, 0, 7, 100, 0, 1]);
        out.extend([&amounts[..], &slippage, &[0]].concat());
    }
    out
}

/// Immediate or cancel, a bid of 200 quote lots for at least 200 base lots.
fn phoenix_order() -> Vec<u8> {
    let lots = [0_u64, 200, 200, 0].map(u64::to_le_bytes).concat();
    [&[2, 0, 0][..], &lots, &[0; 2], &[0; 16], &[0; 3]].concat()
}

/// Immediate or cancel, a bid for 200 base lots at one quote lot each.
fn openbook_order() -> Vec<u8> {
    let numbers = [1_u64, 200, 200].map(u64::to_le_bytes).concat();
    [&[0][..], &numbers, &[1, 10]].concat()
}

/// The trade of a row with the fewest accounts it is understood with, or why it is refused
/// whatever their number. More than 27 of them do not fit a transaction.
pub(super) fn outcome(row: &Value, context: &Context<'_>) -> Result<(Step, Swap), DecodeError> {
    let mut refused = None;
    for step in (4..28).filter_map(|count| build(row, count)) {
        match effects_in(std::slice::from_ref(&step), context) {
            Ok(effects) => {
                let mut trades = effects.into_iter().filter_map(|effect| match effect {
                    Effect::Swap(swap) => Some(swap),
                    _ => None,
                });
                let swap = trades.next().expect("a trade");
                assert_eq!(trades.next(), None);
                return Ok((step, swap));
            }
            Err(error) if error.kind() == DecodeErrorKind::WrongAccounts => {
                refused.get_or_insert(error);
            }
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.expect("a message of some length"))
}

fn described(outcome: Result<(Step, Swap), DecodeError>) -> String {
    let name = |asset| match asset {
        Asset::Sol => "SOL",
        Asset::Token(SPENT) => "the spent token",
        Asset::Token(RECEIVED) => "the received token",
        Asset::Token(other) => panic!("no part of the trade: {other}"),
    };
    match outcome {
        Ok((step, swap)) => format!(
            "decodes from {} accounts: at most {} of {} for at least {} of {}",
            step.accounts.len(),
            swap.spend_max.base(),
            name(swap.spend),
            swap.receive_min.base(),
            name(swap.receive)
        ),
        Err(error) => format!("refused ({}): {}", error.kind().as_str(), error.message()),
    }
}

fn table() -> String {
    let mut out = String::from(
        "# What becomes of every known swap instruction\n\n\
         Each row of `swap-layouts.json` built as a trade of 1,000 for 2,000 (a quote with 50 basis\n\
         points of slippage), with mints hinted and, for order books, the market registered.\n\
         Written by `BLESS=1 cargo test -p countersign-decode layouts`.\n\n\
         | program | instruction | discriminator | outcome |\n|---|---|---|---|\n",
    );
    for row in rows() {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        let mut outcome = described(outcome(&row, &context()));
        if row["mode"] == "lots" {
            let unregistered = Context {
                markets: &[],
                ..context()
            };
            let alone = described(self::outcome(&row, &unregistered));
            write!(outcome, "; without its market {alone}").unwrap();
        }
        let (program, name, disc) = (text("program"), text("name"), text("disc"));
        writeln!(out, "| {program} | {name} | `{disc}` | {outcome} |").unwrap();
    }
    out
}

#[test]
fn every_layout_decodes_or_is_refused_as_reviewed() {
    let table = table();
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap();
    for (ours, theirs) in table.lines().zip(reviewed.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(table.len(), reviewed.len());
}

#[test]
fn every_layout_of_a_trade_reads_the_same() {
    let rows = rows();
    assert_eq!(rows.len(), 71);
    let mut trades = 0;
    for row in rows.iter().filter(|row| is_trade(row)) {
        let name = format!("{} {}", row["program"], row["name"]);
        let (_, swap) = outcome(row, &context()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let side = |account: &str, mint| match row[account] {
            Value::Null => Asset::Sol,
            _ => Asset::Token(mint),
        };
        let (spend_max, receive_min) = match row["mode"].as_str().unwrap() {
            "quote" => (1_000, 1_990),
            "quote_exact_out" => (1_005, 2_000),
            _ => (1_000, 2_000),
        };
        assert_eq!(swap.spend, side("src_acct", SPENT), "{name}");
        assert_eq!(swap.receive, side("dst_acct", RECEIVED), "{name}");
        assert_eq!(swap.spend_max.base(), spend_max, "{name}");
        assert_eq!(swap.receive_min.base(), receive_min, "{name}");
        trades += 1;
    }
    assert_eq!(trades, 54);
}

#[test]
fn every_other_layout_is_refused_by_name() {
    let others: Vec<Value> = rows().into_iter().filter(|row| !is_trade(row)).collect();
    assert_eq!(others.len(), 17);
    for row in &others {
        let error = outcome(row, &context()).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::Forbidden, "{row}");
        assert!(!error.message().is_empty());
    }
}
