//! `countersign groups`

mod list;
mod member;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Groups.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the groups of the active policy, and who in them can approve
    List,
    /// Propose a policy in which a group has one approver more
    Add(member::Arguments),
    /// Propose a policy in which a group has one approver less
    Remove(member::Arguments),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List => list::run(session),
        Command::Add(arguments) => member::add(arguments, session),
        Command::Remove(arguments) => member::remove(arguments, session),
    }
}
