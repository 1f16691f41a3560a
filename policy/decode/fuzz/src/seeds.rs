//! Inputs to begin with, made from the vectors: whole messages and transactions, and the
//! instructions of each program.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use countersign_intent::Address;
use serde_json::Value;

use crate::instruction::KEYS;

const MAINNET: &str = include_str!("../../vectors/mainnet.jsonl");
const EVM: &str = include_str!("../../vectors/evm.jsonl");
const LAYOUTS: &str = include_str!("../../vectors/swap-layouts.json");

/// Writes the inputs of one target into a folder.
pub fn write(folder: &Path, target: &str, program: Option<&str>) {
    let transactions = transactions();
    let inputs: Vec<Vec<u8>> = match (target, program) {
        ("evm_raw", _) => evm("raw").iter().filter_map(digits).collect(),
        ("evm_transaction", _) => texts("transaction"),
        ("evm_typed_data", _) => texts("typed_data"),
        ("transaction", _) => transactions,
        (_, None) => transactions
            .iter()
            .map(|one| message(one).to_vec())
            .collect(),
        (_, Some(program)) => {
            let real = transactions
                .iter()
                .flat_map(|one| instructions(message(one), program));
            real.chain(layouts(program)).collect()
        }
    };
    fs::create_dir_all(folder).expect("the folder of the seeds can be made");
    for (number, input) in inputs.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), input).expect("a seed can be written");
    }
}

/// What the vectors of EVM wallets have under a key.
fn evm(key: &str) -> Vec<Value> {
    let lines = EVM.lines().map(|line| {
        let record: Value = serde_json::from_str(line).expect("a record");
        record[key].clone()
    });
    lines.filter(|value| !value.is_null()).collect()
}

fn texts(key: &str) -> Vec<Vec<u8>> {
    let values = evm(key);
    values
        .iter()
        .map(|value| value.to_string().into_bytes())
        .collect()
}

fn digits(value: &Value) -> Option<Vec<u8>> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn transactions() -> Vec<Vec<u8>> {
    let records = MAINNET
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"));
    records
        .filter_map(|record: Value| {
            let text = record["data"].as_str()?.to_owned();
            base64::engine::general_purpose::STANDARD.decode(text).ok()
        })
        .collect()
}

fn message(transaction: &[u8]) -> &[u8] {
    match transaction {
        [0x81, ..] | [] => transaction,
        [count, ..] => transaction
            .get(1 + 64 * usize::from(*count)..)
            .unwrap_or_default(),
    }
}

/// The instructions of a program in a legacy or v0 message; counts beyond one byte end the
/// reading, which loses a seed and nothing else.
fn instructions(message: &[u8], program: &str) -> Vec<Vec<u8>> {
    let program: Address = program.parse().expect("an address");
    let mut found = Vec::new();
    let mut rest = message
        .get(usize::from(message.first() == Some(&0x80))..)
        .unwrap_or_default();
    let mut take = |count: usize| {
        let (head, tail) = rest.split_at_checked(count)?;
        rest = tail;
        Some(head)
    };
    let mut read = || {
        let keys = usize::from(take(4)?[3]);
        let keys = take(32 * keys)?;
        take(32)?;
        for _ in 0..take(1)?[0] {
            let called = 32 * usize::from(take(1)?[0]);
            let count = usize::from(take(1)?[0]);
            let accounts = take(count)?;
            let length = usize::from(take(1)?[0]);
            let data = take(if length < 0x80 { length } else { return None })?;
            if keys.get(called..called + 32) == Some(program.as_bytes()) {
                found.push(input(accounts, data));
            }
        }
        Some(())
    };
    let _ended_early: Option<()> = read();
    found
}

/// What a target reads as these accounts and this data; the fee payer is the wallet.
fn input(accounts: &[u8], data: &[u8]) -> Vec<u8> {
    let count = accounts.len().min(63) as u8;
    let accounts = accounts.iter().take(63).map(|index| match index {
        0 => 0,
        index => 1 + index % (KEYS - 2),
    });
    std::iter::once(count)
        .chain(accounts)
        .chain(data.iter().copied())
        .collect()
}

/// The swaps of a program in the table of layouts, with the wallet as the trader.
fn layouts(program: &str) -> Vec<Vec<u8>> {
    let table: Value = serde_json::from_str(LAYOUTS).expect("a table");
    let rows = table.as_array().into_iter().flatten();
    rows.filter(|row| row["program_id"] == program)
        .filter_map(|row| {
            let text = row["disc"].as_str()?;
            let digit = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
            let mut data: Vec<u8> = (0..text.len()).step_by(2).filter_map(digit).collect();
            data.extend((0..64).map(|byte| byte % 3));
            let user = u8::try_from(row["user"].as_i64()?).unwrap_or(17);
            let accounts: Vec<u8> = (0..20)
                .map(|slot| if slot == user { 0 } else { slot + 1 })
                .collect();
            Some(input(&accounts, &data))
        })
        .collect()
}
