//! Differences between parsers, lookup tables, other versions.

use softhsm_tests::message::{BLOCKHASH, Version, compile};
use solana_message::{VersionedMessage, v1};

use super::super::actors::*;
use super::system::pay;
use super::{Named, call, legacy, looked_up, unsigned};

pub(super) fn transactions() -> Vec<Named> {
    let pays_thief = [pay(thief(), 10 * SOL)];
    vec![
        looked_up("34-lookup-table", &pays_thief, thief()),
        looked_up("34-lookup-table-beyond-what-was-seen", &pays_thief, thief()),
        non_minimal_count(),
        trailing_byte(),
        duplicate_key(),
        priority_fee_of_a_v1_message(),
        off_chain_message(),
        legacy("40-login-that-is-a-transaction", &[pay(thief(), SOL)]),
    ]
}

fn transfer() -> Vec<u8> {
    legacy("", &[pay(COLD, SOL)]).1
}

/// Where the message starts in a legacy transaction with one signature.
const MESSAGE: usize = 65;

/// The number of accounts in two bytes where one does.
fn non_minimal_count() -> Named {
    let mut bytes = transfer();
    let count = bytes[MESSAGE + 3];
    bytes[MESSAGE + 3] = count | 0x80;
    bytes.insert(MESSAGE + 4, 0);
    ("37-non-minimal-count", bytes)
}

fn trailing_byte() -> Named {
    let mut bytes = transfer();
    bytes.push(0);
    ("37-trailing-byte-after-message", bytes)
}

/// The receiver's key is the payer's.
fn duplicate_key() -> Named {
    let mut bytes = transfer();
    let at = MESSAGE + 4;
    let payer = bytes[at..at + 32].to_vec();
    bytes[at + 32..at + 64].copy_from_slice(&payer);
    ("37-duplicate-key", bytes)
}

/// The budget instructions say that nothing is paid; in version 1 they mean nothing.
fn priority_fee_of_a_v1_message() -> Named {
    let steps = [
        call(BUDGET, &[], &[&[3], &0_u64.to_le_bytes()]),
        pay(COLD, 1),
    ];
    let config = v1::TransactionConfig::empty()
        .with_priority_fee(50 * SOL)
        .with_compute_unit_limit(200_000)
        .with_loaded_accounts_data_size_limit(1 << 20);
    let message =
        v1::Message::try_compile_with_config(&victim(), &steps, BLOCKHASH, config).unwrap();
    (
        "37-priority-fee-of-a-v1-message",
        unsigned(Version::V1, &VersionedMessage::V1(message)),
    )
}

/// Text to log in with, around a transaction's message: domain, version, format, length.
fn off_chain_message() -> Named {
    let message = compile(Version::Legacy, &victim(), &[pay(thief(), SOL)], BLOCKHASH);
    let message = message.unwrap().serialize();
    let length = u16::try_from(message.len()).unwrap().to_le_bytes();
    let envelope = [&b"\xffsolana offchain"[..], &[0, 2], &length, &message].concat();
    ("40-off-chain-message", envelope)
}
