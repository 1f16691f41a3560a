//! What is fuzzed: one file per target, one line here.

mod apdu;
mod ethereum;
mod running;
mod solana;

/// A name, inputs to begin with, and what to do with any bytes.
type Target = (&'static str, &'static [&'static [u8]], fn(&[u8]));

pub const TARGETS: &[Target] = &[
    ("ledger_apdu", apdu::SEEDS, apdu::run),
    ("ledger_running", running::SEEDS, running::run),
    ("ledger_solana", solana::SEEDS, solana::run),
    ("ledger_ethereum", ethereum::SEEDS, ethereum::run),
];
