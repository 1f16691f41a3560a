//! `countersign policy`

pub(crate) mod active;
mod backtest;
mod check;
mod diff;
pub(crate) mod edit;
pub(crate) mod explain;
mod facts;
mod file;
mod history;
mod lint;
mod propose;
mod recorded;
mod show;
mod test;
#[cfg(test)]
mod tests;
mod transaction;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Policies.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a policy file, offline
    Check(check::Arguments),
    /// Say what is likely to be a mistake in a policy
    Lint(lint::Arguments),
    /// Hold expected decisions against a policy file, offline
    Test(test::Arguments),
    Explain(explain::Arguments),
    /// Compare two policies, or one with the active policy
    Diff(diff::Arguments),
    Backtest(backtest::Arguments),
    /// Print the policy that decides, or another version
    Show(show::Arguments),
    /// List the versions of the policy
    History(history::Arguments),
    /// Propose a policy: a tightening takes effect at once, anything else needs approval
    Propose(propose::Arguments),
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Check(arguments) => check::run(&arguments, session),
        Command::Lint(arguments) => lint::run(&arguments, session),
        Command::Test(arguments) => test::run(&arguments, session),
        Command::Explain(arguments) => explain::run(&arguments, session),
        Command::Diff(arguments) => diff::run(&arguments, session),
        Command::Backtest(arguments) => backtest::run(&arguments, session),
        Command::Show(arguments) => show::run(&arguments, session),
        Command::History(range) => history::run(&range, session),
        Command::Propose(arguments) => propose::run(&arguments, session),
    }
}
