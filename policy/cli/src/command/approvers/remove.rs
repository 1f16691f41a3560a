//! `countersign approvers remove`

use countersign_api::Method;

use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::segment;
use crate::session::Session;

/// Remove an approver's key.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `apr_…`
    #[arg(value_parser = segment::checked)]
    id: String,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let path = format!("/v1/approvers/{}", arguments.id);
    let call = Call::new(Method::Delete, path);
    if arguments.preview.dry_run {
        return change::preview(session, &call);
    }
    let call = call.keyed(arguments.idempotency.key()?);
    change::ask(session, &call)
}
