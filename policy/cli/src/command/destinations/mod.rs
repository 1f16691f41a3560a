//! `countersign destinations`

mod address;
mod list;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Destinations.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the destinations of the active policy
    List,
    /// Propose a policy in which a destination has one address more
    Add(address::Arguments),
    /// Propose a policy in which a destination has one address less
    Remove(address::Arguments),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List => list::run(session),
        Command::Add(arguments) => address::add(arguments, session),
        Command::Remove(arguments) => address::remove(arguments, session),
    }
}
