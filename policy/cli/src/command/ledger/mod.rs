//! `countersign ledger`

mod enroll;
mod list;
mod show;

use clap::Subcommand;

use crate::device::Ledgers;
use crate::failure::Outcome;
use crate::session::Session;

/// Ledgers.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the connected Ledgers, and what is open on them
    List(Ledgers),
    /// Show a key, and have it compared with the screen of the Ledger
    Show(show::Arguments),
    /// Enrol a key as an approver's: proves its possession, and asks the group for it
    Enroll(enroll::Arguments),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List(ledgers) => list::run(ledgers, session),
        Command::Show(arguments) => show::run(arguments, session),
        Command::Enroll(arguments) => enroll::run(arguments, session),
    }
}
