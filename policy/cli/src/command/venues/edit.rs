//! `countersign venues edit`

use countersign_api::{Method, PatchVenue};
use serde_json::Value;

use super::add::Kind;
use super::fields::Fields;
use crate::change::Sending;
use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::segment;
use crate::session::Session;

/// What is to change; the rest stays.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Its slug, e.g. `solana`
    #[arg(value_parser = segment::checked)]
    slug: String,
    /// Another kind
    #[arg(long)]
    kind: Option<Kind>,
    #[command(flatten)]
    fields: Fields,
    /// Let its wallets sign
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Let its wallets sign no more; to stop them at once, use `countersign freeze`
    #[arg(long)]
    disable: bool,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let fields = &arguments.fields;
    let body = PatchVenue {
        kind: arguments.kind.map(Kind::word),
        auth_fields: fields.auth_fields(),
        features: fields.features(),
        leverage: fields.leverage(),
        supported_assets: fields.assets(),
        environments: fields.environments(),
        enabled: (arguments.enable || arguments.disable).then_some(arguments.enable),
    };
    let path = format!("/v1/venues/{}", arguments.slug);
    let call = Call::new(Method::Patch, path).json(&body)?;
    let done = |_: &Value, out: &mut Output| out.line("done");
    arguments.sending.ask(session, call, done)
}
