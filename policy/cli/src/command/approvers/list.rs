//! `countersign approvers list`

use countersign_api::Approver;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, middle, table, whole, words};

/// List the approvers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only `enrolled` or `removed` ones
    #[arg(long)]
    status: Option<String>,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    range: Range,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::get("/v1/approvers")
        .query("status", arguments.status.as_ref())
        .query("since", arguments.since.since.as_ref());
    listing::show(session, &call, &arguments.range, show)
}

fn show(approvers: &[Approver], out: &mut Output) {
    let rows: Vec<_> = approvers
        .iter()
        .map(|one| {
            [
                one.name.clone(),
                one.id.clone(),
                one.scheme.clone(),
                one.public_key.clone(),
                one.groups.join(", "),
                cell(one.operator.as_ref()),
                one.removed_at
                    .as_ref()
                    .map_or_else(|| "enrolled".to_owned(), |at| format!("removed {at}")),
            ]
        })
        .collect();
    table(
        out,
        [
            words("name"),
            whole("id"),
            words("scheme").spare(),
            middle("key"),
            words("groups"),
            words("operator").spare(),
            words("state"),
        ],
        &rows,
    );
}
