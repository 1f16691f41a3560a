//! The verbs, one file each.

mod approvers;
mod audit;
mod clock;
mod completions;
mod decode;
mod destinations;
mod freeze;
mod grants;
mod groups;
mod ledger;
mod limits;
mod man;
mod nonces;
mod pki;
mod policy;
mod prices;
mod registrations;
mod requests;
mod second_factor;
mod sign;
mod status;
mod tables;
mod unfreeze;
mod users;
mod venues;
mod wallets;

use clap::{Parser, Subcommand};

use crate::config::Connection;
use crate::failure::Outcome;
use crate::session::Session;

/// Operate and audit a Countersign appliance
///
/// Exit codes: 0 done, 1 refused by policy or found wrong, 2 usage, 3 cannot reach the
/// appliance, 4 needs approval.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// Print JSON: the appliance's own answer where there is one
    #[arg(long, global = true)]
    pub json: bool,
    /// Print tables in full, however wide the terminal is
    #[arg(long, global = true)]
    pub wide: bool,
    #[command(flatten)]
    pub connection: Connection,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How the appliance is, and who you are to it
    Status,
    /// Users of a platform
    #[command(subcommand)]
    Users(users::Command),
    /// Wallets: one key of one user at one venue
    #[command(subcommand)]
    Wallets(wallets::Command),
    /// Which bot may use which wallet
    #[command(subcommand)]
    Grants(grants::Command),
    /// The registry of venues
    #[command(subcommand)]
    Venues(venues::Command),
    /// What was asked and what became of it
    #[command(subcommand)]
    Requests(requests::Command),
    /// Ask for a signature, or only for the decision
    #[command(subcommand)]
    Sign(sign::Command),
    /// Say what a Solana message or transaction does, offline
    Decode(decode::Arguments),
    /// Check, test and propose policies
    #[command(subcommand)]
    Policy(policy::Command),
    /// Reference prices that operators vouch for
    #[command(subcommand)]
    Prices(prices::Command),
    /// Stop signing at once
    Freeze(freeze::Arguments),
    /// Whether the appliance trusts its clock
    #[command(subcommand)]
    Clock(clock::Command),
    /// Your one-time codes, where the appliance asks operators for them
    #[command(subcommand)]
    SecondFactor(second_factor::Command),
    /// Ask the group to end a freeze
    Unfreeze(unfreeze::Arguments),
    /// People who approve, and their keys
    #[command(subcommand)]
    Approvers(approvers::Command),
    /// Groups of approvers
    #[command(subcommand)]
    Groups(groups::Command),
    /// Where money may go
    #[command(subcommand)]
    Destinations(destinations::Command),
    /// Accounts and markets that messages do not explain
    #[command(subcommand)]
    Registrations(registrations::Command),
    /// Durable nonces: what was observed of them, and what is held until they advance
    #[command(subcommand)]
    Nonces(nonces::Command),
    /// Contents of address lookup tables
    #[command(subcommand)]
    Tables(tables::Command),
    /// What is left under the limits
    #[command(subcommand)]
    Limits(limits::Command),
    /// Ledgers: what is connected, keys, enrolment
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Read, export and verify the log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Client certificates
    #[command(subcommand)]
    Pki(pki::Command),
    /// Print a completion script for a shell
    Completions(completions::Arguments),
    /// Write the man pages
    Man(man::Arguments),
}

/// Does it.
///
/// # Errors
/// Whatever kept it from being done.
pub(crate) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Status => status::run(session),
        Command::Users(command) => users::run(command, session),
        Command::Wallets(command) => wallets::run(command, session),
        Command::Grants(command) => grants::run(command, session),
        Command::Venues(command) => venues::run(&command, session),
        Command::Requests(command) => requests::run(command, session),
        Command::Sign(command) => sign::run(command, session),
        Command::Decode(arguments) => decode::run(&arguments, session),
        Command::Policy(command) => policy::run(command, session),
        Command::Prices(command) => prices::run(command, session),
        Command::Freeze(arguments) => freeze::run(arguments, session),
        Command::Clock(command) => clock::run(command, session),
        Command::SecondFactor(command) => second_factor::run(command, session),
        Command::Unfreeze(arguments) => unfreeze::run(arguments, session),
        Command::Approvers(command) => approvers::run(&command, session),
        Command::Groups(command) => groups::run(&command, session),
        Command::Destinations(command) => destinations::run(&command, session),
        Command::Registrations(command) => registrations::run(&command, session),
        Command::Nonces(command) => nonces::run(&command, session),
        Command::Tables(command) => tables::run(&command, session),
        Command::Limits(command) => limits::run(&command, session),
        Command::Ledger(command) => ledger::run(&command, session),
        Command::Audit(command) => audit::run(command, session),
        Command::Pki(command) => pki::run(command, session),
        Command::Completions(arguments) => completions::run(&arguments, session),
        Command::Man(arguments) => man::run(&arguments, session),
    }
}

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod widths;
