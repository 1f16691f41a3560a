//! `countersign pki renew`

use countersign_api::RenewCertificate;

use super::{ask, auto, key};
use crate::change::{self, Sending};
use crate::client::Call;
use crate::failure::Outcome;
use crate::session::Session;

/// Get a new certificate for yourself.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Renew the certificate of the profile in place, with the key it has, if two thirds of its life are
    /// over; to be run by a timer
    #[arg(long, visible_alias = "if-needed", conflicts_with_all = ["csr", "key_out", "out"])]
    auto: bool,
    #[command(flatten)]
    key: key::KeyArguments,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let sending = &arguments.sending;
    if arguments.auto {
        return auto::run(sending, session);
    }
    let pending = arguments.key.prepare(sending.dry_run())?;
    let body = RenewCertificate {
        csr: pending.csr.clone(),
    };
    let call = Call::post("/v1/pki/renew").json(&body)?;
    if sending.dry_run() {
        return change::preview(session, &call);
    }
    let exit = ask(&sending.keyed(call)?, pending, session)?;
    session.out.note(
        "the certificate that you came with is let in for an hour more, or for a quarter of its \
         lifetime: put the new one and its key into the profile",
    );
    Ok(exit)
}
