//! `countersign pki renew`

use countersign_api::RenewCertificate;

use super::{ask, key};
use crate::change::{self, Sending};
use crate::client::Call;
use crate::failure::Outcome;
use crate::session::Session;

/// Get a new certificate for yourself.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    key: key::KeyArguments,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let sending = &arguments.sending;
    let pending = arguments.key.prepare(sending.dry_run())?;
    let body = RenewCertificate {
        csr: pending.csr.clone(),
    };
    let call = Call::post("/v1/pki/renew").json(&body)?;
    if sending.dry_run() {
        return Ok(change::preview(session, &call));
    }
    ask(&sending.keyed(call)?, pending, session)
}
