//! `countersign requests list`

use countersign_api::Request;
use countersign_intent::WalletId;

use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range, Since};
use crate::output::Output;
use crate::session::Session;
use crate::table::{cell, end, middle, table, time, whole, words};

/// List requests.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only those in this state, e.g. `pending`
    #[arg(long, value_name = "STATE")]
    status: Option<String>,
    /// Only those of this kind: `sign`, `change`, or one of changes, e.g. `policy`
    #[arg(long)]
    kind: Option<String>,
    /// Only those about this wallet, `wal_…`
    #[arg(long, value_name = "WALLET_ID")]
    wallet: Option<WalletId>,
    /// Only those that this bot asked for
    #[arg(long, value_name = "NAME")]
    bot: Option<String>,
    #[command(flatten)]
    since: Since,
    #[command(flatten)]
    range: Range,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let call = Call::get("/v1/requests")
        .query("status", arguments.status.as_ref())
        .query("kind", arguments.kind.as_ref())
        .query("wallet_id", arguments.wallet)
        .query("bot", arguments.bot.as_ref())
        .query("since", arguments.since.since.as_ref());
    listing::show(session, &call, &arguments.range, show)
}

fn show(requests: &[Request], out: &mut Output) {
    let rows: Vec<_> = requests
        .iter()
        .map(|request| {
            [
                request.id.clone(),
                request.kind.clone(),
                request.state.clone(),
                request.principal.clone(),
                cell(request.wallet_id.as_ref()),
                request.log_index.to_string(),
                request.created_at.clone(),
            ]
        })
        .collect();
    table(
        out,
        [
            whole("id"),
            words("kind"),
            whole("state"),
            end("asked by"),
            middle("wallet").spare(),
            whole("log entry").spare(),
            time("created"),
        ],
        &rows,
    );
}
