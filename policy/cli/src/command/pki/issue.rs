//! `countersign pki issue`

use countersign_api::IssueCertificate;
use countersign_intent::{Principal, Role, Span};

use super::{ask, key};
use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
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
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let principal = Principal::new(arguments.role, &arguments.name)
        .map_err(|error| Failure::usage(error.to_string()))?;
    let idempotency_key = arguments.idempotency.key()?;
    let pending = arguments.key.prepare()?;
    let body = IssueCertificate {
        csr: pending.csr.clone(),
        role: principal.role().to_string(),
        name: principal.name().to_owned(),
        lifetime: arguments.lifetime.map(|span| span.to_string()),
    };
    let call = Call::post("/v1/pki/certificates").json(&body)?;
    ask(&call.keyed(idempotency_key), pending, session)
}
