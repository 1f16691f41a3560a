//! `countersign registrations`

mod add;
mod list;
mod remove;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Registrations.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List what is registered
    List(list::Arguments),
    /// Ask the group to register something
    Add(add::Arguments),
    /// Take something off the register at once
    Remove(remove::Arguments),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List(arguments) => list::run(arguments, session),
        Command::Add(arguments) => add::run(arguments, session),
        Command::Remove(arguments) => remove::run(arguments, session),
    }
}

#[cfg(test)]
mod tests;
