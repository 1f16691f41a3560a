//! `countersign policy history`

use countersign_api::PolicySummary;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{middle, table, time, whole, words};

/// Versions.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    range: Range,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::get("/v1/policies").query("since", arguments.since.since.as_ref());
    listing::show(session, &call, &arguments.range, list)
}

/// Writes versions.
pub(super) fn list(policies: &[PolicySummary], out: &mut Output) {
    let rows: Vec<_> = policies.iter().map(row).collect();
    table(
        out,
        [
            whole("version"),
            whole("id"),
            words("name"),
            whole("state"),
            time("created"),
            middle("hash").spare(),
        ],
        &rows,
    );
}

fn row(policy: &PolicySummary) -> [String; 6] {
    let state = if policy.active { "decides" } else { "-" };
    [
        policy.version.to_string(),
        policy.id.clone(),
        policy.name.clone(),
        state.to_owned(),
        policy.created_at.clone(),
        policy.hash.clone(),
    ]
}
