//! `countersign venues remove`

use countersign_api::Method;

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::segment;
use crate::session::Session;

/// Which venue.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Its slug
    #[arg(value_parser = segment::checked)]
    slug: String,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let path = format!("/v1/venues/{}", arguments.slug);
    let call = Call::new(Method::Delete, path);
    if arguments.preview.dry_run {
        return Ok(change::preview(session, &call));
    }
    change::ask(session, &call.keyed(arguments.idempotency.key()?))
}
