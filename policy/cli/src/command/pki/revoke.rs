//! `countersign pki revoke`

use countersign_api::Method;
use countersign_intent::CertificateId;

use super::show;
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Revoke a certificate at once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `crt_…`, as `pki list` shows it
    id: CertificateId,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let path = format!("/v1/pki/certificates/{}", arguments.id);
    let call = Call::new(Method::Delete, path).keyed(arguments.idempotency.key()?);
    session.call_and_show(&call, show)
}
