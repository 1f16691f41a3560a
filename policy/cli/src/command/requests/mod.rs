//! `countersign requests`

mod approve;
mod blind;
mod cosign;
mod list;
mod reject;
pub(super) mod show;
mod watch;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::session::Session;

/// Requests.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List requests, newest first
    List(list::Arguments),
    /// Show one request: what is asked of whom, what is missing, and how it was answered
    Show(show::Arguments),
    /// Approve a request with your key: the Ledger shows it, you compare and agree
    Approve(approve::Arguments),
    /// Sign a withdrawal's transaction itself with your key, as a rule with `ledger_cosign` asks
    Cosign(cosign::Arguments),
    /// Say no: one rejection ends a request
    Reject(reject::Arguments),
    /// Tell of requests that wait for people, as they come and go
    Watch(watch::Arguments),
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::List(arguments) => list::run(&arguments, session),
        Command::Show(arguments) => show::run(&arguments, session),
        Command::Approve(arguments) => approve::run(&arguments, session),
        Command::Cosign(arguments) => cosign::run(&arguments, session),
        Command::Reject(arguments) => reject::run(arguments, session),
        Command::Watch(arguments) => watch::run(&arguments, session),
    }
}

#[cfg(test)]
mod tests;
