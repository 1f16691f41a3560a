//! `countersign venues add`

use clap::ValueEnum;
use countersign_api::CreateVenue;
use serde_json::Value;

use super::fields::Fields;
use crate::change::Sending;
use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::segment;
use crate::session::Session;

/// A new venue.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Its slug, e.g. `bybit`; it never changes
    #[arg(value_parser = segment::checked)]
    slug: String,
    /// Whether keys are made here or credentials come from there
    #[arg(long)]
    kind: Kind,
    #[command(flatten)]
    fields: Fields,
    /// Register it turned off
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    sending: Sending,
}

/// Kinds of venues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Chain,
    Exchange,
}

impl Kind {
    pub(super) fn word(self) -> String {
        match self {
            Self::Chain => "chain",
            Self::Exchange => "exchange",
        }
        .to_owned()
    }
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let fields = &arguments.fields;
    let body = CreateVenue {
        slug: arguments.slug.clone(),
        kind: arguments.kind.word(),
        auth_fields: fields.auth_fields().unwrap_or_default(),
        features: fields.features().unwrap_or_default(),
        leverage: fields.leverage(),
        supported_assets: fields.assets().unwrap_or_default(),
        environments: fields.environments(),
        enabled: !arguments.disabled,
    };
    let call = Call::post("/v1/venues").json(&body)?;
    let done = |_: &Value, out: &mut Output| out.line("done");
    arguments.sending.ask(session, call, done)
}
