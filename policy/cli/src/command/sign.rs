//! `countersign sign`

mod evm;
mod solana;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Signatures.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Have a Solana message or transaction judged and signed
    Solana(solana::Solana),
    /// Have a transaction or typed data of an EVM chain judged and signed
    Evm(evm::Evm),
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Solana(arguments) => solana::run(&arguments, session),
        Command::Evm(arguments) => evm::run(&arguments, session),
    }
}
