//! `countersign`: what operators and auditors use.
//!
//! It speaks to the appliance over mutual TLS like any other client; `policy`, `decode` and
//! `audit verify` work on files alone. It never opens the database and holds no key but the
//! one of its own client certificate.
//!
//! Exit codes: 0 done, 1 refused by policy or found wrong, 2 usage, 3 cannot reach,
//! 4 needs approval.

mod answer;
mod change;
mod client;
mod command;
mod config;
mod confirm;
mod consent;
mod device;
mod exit;
mod failure;
mod idempotency;
mod input;
mod keypair;
mod listing;
mod message;
mod otp;
mod output;
mod problem;
mod segment;
mod session;
mod table;
mod terminal;
mod text;
mod tls;

use std::process::ExitCode;

use clap::Parser;

use crate::command::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return told(&error),
    };
    let width = terminal::width();
    let out = Output::stdio(cli.json).within(width.filter(|_| !cli.wide));
    let mut session = Session::new(out, cli.connection);
    let outcome = command::run(cli.command, &mut session);
    let outcome = outcome.map_err(|failure| {
        session.out.failure(&failure);
        failure.exit
    });
    let written = session.out.finish().map_err(|failure: Failure| {
        Output::stdio(false).failure(&failure);
        failure.exit
    });
    outcome
        .and_then(|exit| written.map(|()| exit))
        .unwrap_or_else(|exit| exit)
        .into()
}

/// Help and version go to standard output, everything else that clap says to standard error.
fn told(error: &clap::Error) -> ExitCode {
    // Nobody can be told that telling failed.
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Done.into();
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        let mut out = Output::stdio(true);
        out.value(&Failure::usage(line.trim_start_matches("error: ")).value());
        let _ = out.finish();
    }
    Exit::Usage.into()
}
