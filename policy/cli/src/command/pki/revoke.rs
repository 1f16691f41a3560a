//! `countersign pki revoke`

use countersign_api::Method;
use countersign_intent::CertificateId;

use super::show;
use crate::change::Sending;
use crate::client::Call;
use crate::failure::Outcome;
use crate::session::Session;

/// Revoke a certificate at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `crt_…`, as `pki list` shows it
    id: CertificateId,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let path = format!("/v1/pki/certificates/{}", arguments.id);
    let call = Call::new(Method::Delete, path);
    arguments.sending.send(session, call, show)
}
