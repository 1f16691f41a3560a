//! `countersign groups add` and `groups remove`

use crate::command::policy::edit::{self, List};
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::segment;
use crate::session::Session;

/// Who, and in which group.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The group
    #[arg(value_parser = segment::checked)]
    group: String,
    /// The approver's name
    #[arg(value_parser = segment::checked)]
    approver: String,
    /// Print the policy that would be proposed, and what it changes
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn add(arguments: &Arguments, session: &mut Session) -> Outcome {
    let list = list(arguments);
    edit::propose(session, arguments.dry_run, &arguments.idempotency, |text| {
        list.add(text, &arguments.approver)
    })
}

pub(super) fn remove(arguments: &Arguments, session: &mut Session) -> Outcome {
    let list = list(arguments);
    edit::propose(session, arguments.dry_run, &arguments.idempotency, |text| {
        list.remove(text, &arguments.approver)
    })
}

fn list(arguments: &Arguments) -> List<'_> {
    List {
        section: "groups",
        name: &arguments.group,
        key: "approvers",
    }
}
