//! `countersign pki renew`

use countersign_api::RenewCertificate;

use super::{ask, key};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Get a new certificate for yourself.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    key: key::KeyArguments,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let idempotency_key = arguments.idempotency.key()?;
    let pending = arguments.key.prepare()?;
    let body = RenewCertificate {
        csr: pending.csr.clone(),
    };
    let call = Call::post("/v1/pki/renew").json(&body)?;
    ask(&call.keyed(idempotency_key), pending, session)
}
