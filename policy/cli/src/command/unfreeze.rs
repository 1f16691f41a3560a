//! `countersign unfreeze`

use countersign_api::Unfreeze;

use super::freeze::{Scope, scope};
use crate::change::{self, DryRun};
use crate::client::Call;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Ask the group to end a freeze.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What was frozen
    scope: Scope,
    /// Which one, as `status` shows it
    id: Option<String>,
    /// Why, for the log
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    preview: DryRun,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: Arguments, session: &mut Session) -> Outcome {
    let body = Unfreeze {
        scope: scope(arguments.scope, arguments.id)?,
        id: None,
        reason: arguments.reason,
    };
    let call = Call::post("/v1/unfreeze").json(&body)?;
    if arguments.preview.dry_run {
        return change::preview(session, &call);
    }
    change::ask(session, &call.keyed(arguments.idempotency.key()?))
}
