//! `countersign pki issue`

use countersign_api::IssueCertificate;
use countersign_intent::{Principal, Role, Span};

use super::{ask, key};
use crate::change::{self, Sending};
use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// Issue a client certificate.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `bot`, `gateway`, `risk`, `operator` or `auditor`
    #[arg(long)]
    role: Role,
    /// Name of the principal
    #[arg(long)]
    name: String,
    /// Lifetime, e.g. `24h`; what is configured unless told
    #[arg(long, value_name = "TIME")]
    lifetime: Option<Span>,
    #[command(flatten)]
    key: key::KeyArguments,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let principal = Principal::new(arguments.role, &arguments.name)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let sending = &arguments.sending;
    let pending = arguments.key.prepare(sending.dry_run())?;
    let body = IssueCertificate {
        csr: pending.csr.clone(),
        role: principal.role().to_string(),
        name: principal.name().to_owned(),
        lifetime: arguments.lifetime.map(|span| span.to_string()),
    };
    let call = Call::post("/v1/pki/certificates").json(&body)?;
    if sending.dry_run() {
        return change::preview(session, &call);
    }
    ask(&sending.keyed(call)?, pending, session)
}
