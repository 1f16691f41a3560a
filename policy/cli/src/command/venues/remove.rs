//! `countersign venues remove`

use countersign_api::Method;
use serde_json::Value;

use crate::change::Sending;
use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::segment;
use crate::session::Session;

/// Which venue.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Its slug
    #[arg(value_parser = segment::checked)]
    slug: String,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let path = format!("/v1/venues/{}", arguments.slug);
    let call = Call::new(Method::Delete, path);
    let done = |_: &Value, out: &mut Output| out.line("done");
    arguments.sending.ask(session, call, done)
}
