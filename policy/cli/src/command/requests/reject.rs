//! `countersign requests reject`

use countersign_api::{Reject, Request};
use countersign_intent::RequestId;

use super::show;
use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Reject a request.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `req_…`
    id: RequestId,
    /// The group's member who says no; yourself where your operator's name is one
    #[arg(long, value_name = "NAME")]
    approver: Option<String>,
    /// Why, for the log
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: Arguments, session: &mut Session) -> Outcome {
    let body = Reject {
        approver_id: arguments.approver,
        reason: arguments.reason,
    };
    let call = Call::post(format!("/v1/requests/{}/reject", arguments.id)).json(&body)?;
    if arguments.preview.dry_run {
        return change::preview(session, &call);
    }
    let call = call.keyed(arguments.idempotency.key()?);
    session.call_and_show::<Request>(&call, show::said)
}
