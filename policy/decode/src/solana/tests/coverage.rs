//! How many ordinary swaps of mainnet decode. `vectors/mainnet-trades.md` is reviewed in diffs;
//! run with `BLESS=1` to write it anew.
//!
//! What is ordinary is read from the message and the table of layouts alone, not by the decoder.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_intent::solana::Address;
use serde_json::Value;

use super::layouts::{is_trade, rows, slot, unhex};
use super::mainnet::{nonces, tables};
use crate::DecodeError;
use crate::solana::context::{AttestedTable, Context, RegisteredAccount};
use crate::solana::decode_message;
use crate::solana::wire::{Message, RawInstruction, split_transaction};

const TABLE: &str = "vectors/mainnet-trades.md";
const COMPUTE_BUDGET: &str = "ComputeBudget111111111111111111111111111111";
/// Programs that serve a trade and are none.
const PLUMBING: [&str; 9] = [
    COMPUTE_BUDGET,
    "11111111111111111111111111111111",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
    "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb",
    "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL",
    "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo",
    "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
    "memo1111111111111111111111111111111111111111",
    "L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95",
];
/// Jupiter's `create_token_account`, which some of its own trades start with.
const OPENS_ACCOUNT: [u8; 8] = [0x93, 0xf1, 0x7b, 0x64, 0xf4, 0x84, 0xae, 0x76];

/// Shapes of trades that are met on mainnet and refused, from the published interfaces of late 2026.
const REFUSED: &str = "
## Shapes that are refused

What wallets and bots send in late 2026 and no decoder takes, and why.

| shape | refused because |
|---|---|
| Axiom, Banana Gun, Bloom, GMGN, Maestro, Nova, Photon, Titan: a program of the front-end around the trade | nobody publishes the layout (`unknown_program`); a front-end that calls the exchange itself and sends its fee as SOL decodes, the fee as a withdrawal to its address |
| DFlow routes | the route names neither the account that pays nor the one that receives; its interface has the amounts of each step and not which accounts a step takes |
| OKX DEX router, both programs | `swap` names both accounts and a least return, but its source (okxlabs/DEX-Router-Solana-V1) hands the payer's signature to each exchange of the route, with amounts that one of them takes from the route itself; of the second program no source is published |
| Jupiter limit orders of the first version | what is kept of them stands in an account of the program |
| Jupiter routes with a token ledger, Raydium CLMM `swap_router_base_in`, Meteora DLMM `swap_with_price_impact` | no amount or no account in the message bounds one side |
| Meteora DBC `swap2_with_transfer_hook`, transfers of tokens with a transfer hook | a program of the issuer runs with accounts that only its state names |
| resting orders on Phoenix and OpenBook v2, liquidity anywhere | leave funds in accounts that the message does not show |
| Boop, Moonit, FluxBeam, Lifinity, PancakeSwap CLMM, Byreal, Heaven, Manifest, Saros, Stabble and market makers' pools, called directly | not listed; through Jupiter they are exchanges of its plan |
| launches on Raydium LaunchLab, Meteora DBC, Moonit and Boop | only pump.fun's are decoded; what the accounts of the others cost at most is not worked out |
| a program that an exchange calls, or a receiver of SOL, named by a lookup table alone | decodes where the table is attested |
| accounts that a sponsor pays for and the wallet closes to the sponsor | `CloseAccount` pays the wallet only: what the account holds beyond its rent is in no message |
";

struct Record {
    signature: String,
    bytes: Vec<u8>,
    loaded: Value,
    own: Vec<RegisteredAccount>,
}

fn records() -> Vec<Record> {
    let record = |line| {
        let record: Value = serde_json::from_str(line).unwrap();
        let transaction = STANDARD.decode(record["data"].as_str().unwrap()).unwrap();
        let key = |value: &Value| value.as_str().unwrap().parse().unwrap();
        let own = record["own"].as_array().into_iter().flatten();
        Record {
            signature: record["signature"].as_str().unwrap().to_owned(),
            bytes: split_transaction(&transaction).unwrap().0.to_vec(),
            loaded: record["loaded_addresses"].clone(),
            own: own
                .map(|own| RegisteredAccount {
                    account: key(&own["account"]),
                    mint: key(&own["mint"]),
                })
                .collect(),
        }
    };
    super::REAL.lines().map(record).collect()
}

fn program(message: &Message<'_>, instruction: &RawInstruction<'_>) -> String {
    Address::new(message.keys[usize::from(instruction.program)]).to_string()
}

/// The row of an instruction that trades, whether it is understood or not.
fn row<'r>(
    rows: &'r [Value],
    message: &Message<'_>,
    instruction: &RawInstruction<'_>,
) -> Option<&'r Value> {
    let program = program(message, instruction);
    rows.iter().find(|row| {
        let discriminator = unhex(row["disc"].as_str().unwrap());
        row["program_id"] == program.as_str() && instruction.data.starts_with(&discriminator)
    })
}

/// The amount, its limit and the slippage that is taken off it, as far as their place is fixed.
fn numbers(row: &Value, data: &[u8]) -> Option<[u64; 3]> {
    let args = &data[row["disc"].as_str()?.len() / 2..];
    let read = |at: usize, length: usize| {
        let mut number = [0; 8];
        number[..length].copy_from_slice(args.get(at..at + length)?);
        Some(u64::from_le_bytes(number))
    };
    let at = |value: &Value| usize::try_from(value.as_u64()?).ok();
    if row["arg_lens"][0]
        .as_str()
        .is_some_and(|length| length.ends_with("plan+19"))
    {
        let at = args.len().checked_sub(19)?;
        return Some([read(at, 8)?, read(at + 8, 8)?, read(at + 16, 2)?]);
    }
    let slippage = match at(&row["extra"]["slip_off"]) {
        Some(at) => read(at, 2)?,
        None => 0,
    };
    Some([
        read(at(&row["amount_off"])?, 8)?,
        read(at(&row["limit_off"])?, 8)?,
        slippage,
    ])
}

fn unusual_trade(row: &Value, instruction: &RawInstruction<'_>) -> Option<&'static str> {
    let length = instruction.data.len() - row["disc"].as_str().unwrap().len() / 2;
    let lengths = row["arg_lens"].as_array().unwrap();
    let stated = lengths.iter().all(Value::is_u64);
    if stated
        && !lengths
            .iter()
            .any(|one| one.as_u64() == u64::try_from(length).ok())
    {
        return Some("sends more than the interface's arguments");
    }
    let count = instruction.accounts.len();
    let side = |name: &str| slot(&row[name], count).and_then(|at| instruction.accounts.get(at));
    if side("src_acct").is_some() && side("src_acct") == side("dst_acct") {
        return Some("trades from an account into itself");
    }
    match numbers(row, instruction.data) {
        Some([amount, limit, slippage]) => {
            let unlimited = limit == 0 || limit == u64::MAX || amount == u64::MAX;
            (unlimited || slippage >= 10_000).then_some("states no limit")
        }
        None => None,
    }
}

/// Why a transaction is no ordinary swap of the wallet that pays for it.
fn unusual(rows: &[Value], message: &Message<'_>) -> Option<&'static str> {
    if message.header.required_signatures != 1 {
        return Some("has a second signer");
    }
    let listed: Vec<&Value> = rows.iter().filter(|row| is_trade(row)).collect();
    for instruction in &message.instructions {
        let program = program(message, instruction);
        let data = instruction.data;
        if PLUMBING.contains(&program.as_str()) {
            let exact = matches!(
                (data.first(), data.len()),
                (Some(1 | 2 | 4), 5) | (Some(3), 9)
            );
            if program == COMPUTE_BUDGET && !exact {
                return Some("sends more than the interface's arguments");
            }
            continue;
        }
        if !listed
            .iter()
            .any(|row| row["program_id"] == program.as_str())
        {
            return Some("calls a program that is no listed exchange");
        }
        match row(rows, message, instruction).filter(|row| is_trade(row)) {
            Some(row) => {
                if let Some(reason) = unusual_trade(row, instruction) {
                    return Some(reason);
                }
            }
            None if data.starts_with(&OPENS_ACCOUNT) => {}
            None => return Some("does more at an exchange than to trade"),
        }
    }
    None
}

/// What was needed besides the bytes, or why nothing helps.
fn reading(record: &Record, message: &Message<'_>) -> Result<&'static str, DecodeError> {
    let filled = tables(message, &record.loaded);
    let attested: Vec<AttestedTable<'_>> = filled
        .iter()
        .map(|(address, entries)| AttestedTable {
            address: *address,
            entries,
        })
        .collect();
    let nonces = nonces(message);
    let mints: Vec<Address> = record.own.iter().map(|own| own.mint).collect();
    let alone = Context::new(Address::new(message.keys[0]));
    let nonce = Context {
        nonces: &nonces,
        ..alone
    };
    let hinted = Context {
        mints: &mints,
        ..nonce
    };
    let attested = Context {
        tables: &attested,
        ..hinted
    };
    let registered = Context {
        accounts: &record.own,
        ..attested
    };
    let ways = [
        (alone, "nothing"),
        (nonce, "its nonce registered"),
        (hinted, "its mints as hints"),
        (attested, "its tables attested"),
        (registered, "its token account registered"),
    ];
    let mut refused = None;
    for (context, needs) in ways {
        match decode_message(&record.bytes, &context) {
            Ok(_) => return Ok(needs),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap())
}

/// One transaction that calls a swap instruction at top level.
struct Line {
    signature: String,
    program: String,
    trades: String,
    unusual: Option<&'static str>,
    reading: Result<&'static str, DecodeError>,
}

fn lines() -> Vec<Line> {
    let rows = rows();
    let mut lines = Vec::new();
    for record in records() {
        let message = Message::parse(&record.bytes).unwrap();
        let trades: Vec<&Value> = message
            .instructions
            .iter()
            .filter_map(|instruction| row(&rows, &message, instruction))
            .collect();
        let Some(first) = trades.first() else {
            continue;
        };
        let named = |row: &&Value| {
            let (program, name) = (row["program"].as_str(), row["name"].as_str());
            format!("{} {}", program.unwrap(), name.unwrap())
        };
        lines.push(Line {
            program: first["program"].as_str().unwrap().to_owned(),
            trades: trades.iter().map(named).collect::<Vec<_>>().join(", "),
            unusual: unusual(&rows, &message),
            reading: reading(&record, &message),
            signature: record.signature,
        });
    }
    lines.sort_by(|a, b| (&a.trades, &a.signature).cmp(&(&b.trades, &b.signature)));
    lines
}

fn described(reading: &Result<&'static str, DecodeError>) -> String {
    match reading {
        Ok(needs) => format!("decodes, needs {needs}"),
        Err(error) => format!("refused ({}): {error}", error.kind().as_str()),
    }
}

fn table(lines: &[Line]) -> String {
    let mut out = String::from(
        "# Real swaps of mainnet, and what becomes of them\n\n\
         Every transaction of `mainnet.jsonl` and `mainnet-trades.jsonl` that calls a known swap\n\
         instruction itself. Ordinary is one that its wallet alone signs, that calls listed\n\
         exchanges and what serves a trade and nothing else, with the interface's arguments to the\n\
         byte, a limit on both sides and two different accounts.\n\
         Written by `BLESS=1 cargo test -p countersign-decode coverage`.\n\n\
         | program | ordinary | decode |\n|---|---|---|\n",
    );
    let mut programs: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.unusual.is_none()) {
        let counts = programs.entry(&line.program).or_default();
        counts[0] += 1;
        counts[1] += usize::from(line.reading.is_ok());
    }
    for (program, [ordinary, decode]) in &programs {
        writeln!(out, "| {program} | {ordinary} | {decode} |").unwrap();
    }
    let sum = |at: usize| programs.values().map(|counts| counts[at]).sum::<usize>();
    writeln!(out, "| all | {} | {} |", sum(0), sum(1)).unwrap();
    out.push_str("\n## Ordinary\n\n| transaction | trades | |\n|---|---|---|\n");
    for line in lines.iter().filter(|line| line.unusual.is_none()) {
        let reading = described(&line.reading);
        writeln!(
            out,
            "| `{}` | {} | {reading} |",
            line.signature, line.trades
        )
        .unwrap();
    }
    out.push_str(
        "\n## Not ordinary\n\n| transaction | trades | because it | |\n|---|---|---|---|\n",
    );
    for line in lines {
        let Some(unusual) = line.unusual else {
            continue;
        };
        let reading = described(&line.reading);
        writeln!(
            out,
            "| `{}` | {} | {unusual} | {reading} |",
            line.signature, line.trades
        )
        .unwrap();
    }
    out.push_str(REFUSED);
    out
}

#[test]
fn real_swaps_are_read_as_reviewed() {
    let table = table(&lines());
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
fn nineteen_of_twenty_ordinary_swaps_decode() {
    let lines = lines();
    let ordinary = || lines.iter().filter(|line| line.unusual.is_none());
    let decoded = ordinary().filter(|line| line.reading.is_ok()).count();
    let all = ordinary().count();
    assert!(all >= 45, "{all} ordinary swaps");
    assert!(decoded * 100 >= all * 95, "{decoded} of {all}");
}
