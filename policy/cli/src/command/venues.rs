//! `countersign venues`

use clap::Subcommand;
use countersign_api::Venue;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range};
use crate::output::Output;
use crate::session::Session;
use crate::table::table;

/// The registry of venues.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List venues
    List(Range),
}

pub(super) fn run(command: &Command, session: &mut Session) -> Outcome {
    match command {
        Command::List(range) => listing::show(session, &Call::get("/v1/venues"), range, list),
    }
}

fn list(venues: &[Venue], out: &mut Output) {
    let rows: Vec<_> = venues.iter().map(row).collect();
    table(
        out,
        [
            "slug",
            "kind",
            "environments",
            "features",
            "assets",
            "leverage",
            "credentials",
        ],
        &rows,
    );
}

fn row(venue: &Venue) -> [String; 7] {
    let credentials: Vec<&str> = venue
        .auth_fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    let leverage = venue.leverage.as_ref();
    let leverage = leverage.map(|bounds| format!("{} to {}", bounds.min, bounds.max));
    [
        venue.slug.clone(),
        venue.kind.clone(),
        words(&venue.environments),
        words(&venue.features),
        words(&venue.supported_assets),
        leverage.unwrap_or_else(|| "-".to_owned()),
        words(&credentials),
    ]
}

fn words(words: &[impl AsRef<str>]) -> String {
    if words.is_empty() {
        return "-".to_owned();
    }
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    words.join(",")
}
