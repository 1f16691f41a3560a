//! `countersign approvers`

pub(super) mod enroll;
mod list;
mod remove;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Approvers.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the approvers, their keys and their groups
    List(list::Arguments),
    /// Enrol a key as an approver's: proves its possession, and asks the group for it
    Enroll(enroll::Arguments),
    /// Ask the group to remove an approver's key
    Remove(remove::Arguments),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List(arguments) => list::run(arguments, session),
        Command::Enroll(arguments) => enroll::run(arguments, session),
        Command::Remove(arguments) => remove::run(arguments, session),
    }
}

#[cfg(test)]
mod tests;
