//! `countersign venues`

mod add;
mod edit;
mod fields;
mod list;
mod remove;

use clap::Subcommand;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range};
use crate::session::Session;

/// The registry of venues.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List venues
    List {
        /// Only `chain` or `exchange`
        #[arg(long)]
        kind: Option<String>,
        /// Only `enabled` or `disabled` ones
        #[arg(long)]
        status: Option<String>,
        #[command(flatten)]
        range: Range,
    },
    /// Show one venue
    Show {
        /// Its slug, e.g. `solana`
        #[arg(value_parser = crate::segment::checked)]
        slug: String,
    },
    /// Register a venue; people have to agree
    Add(add::Arguments),
    /// Change a venue; people have to agree
    Edit(edit::Arguments),
    /// Remove a venue, so that its wallets sign no more; people have to agree
    Remove(remove::Arguments),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List {
            kind,
            status,
            range,
        } => {
            let call = Call::get("/v1/venues")
                .query("kind", kind.as_ref())
                .query("status", status.as_ref());
            listing::show(session, &call, range, list::list)
        }
        Command::Show { slug } => {
            session.call_and_show(&Call::get(format!("/v1/venues/{slug}")), list::show)
        }
        Command::Add(arguments) => add::run(arguments, session),
        Command::Edit(arguments) => edit::run(arguments, session),
        Command::Remove(arguments) => remove::run(arguments, session),
    }
}
