//! `countersign pki unblock`

use countersign_api::BlockPrincipal;
use countersign_intent::Principal;

use crate::change::{self, Sending};
use crate::client::Call;
use crate::failure::Outcome;
use crate::session::Session;

/// Ask the group to let a blocked principal have certificates again. Those from before stay dead.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `role/name`
    principal: Principal,
    /// Why, for the log
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    sending: Sending,
}

pub(super) fn run(arguments: Arguments, session: &mut Session) -> Outcome {
    let path = format!("/v1/pki/principals/{}/unblock", arguments.principal);
    let reason = arguments.reason;
    let call = Call::post(path).json(&BlockPrincipal { reason })?;
    if arguments.sending.dry_run() {
        return change::preview(session, &call);
    }
    change::ask(session, &arguments.sending.keyed(call)?)
}
