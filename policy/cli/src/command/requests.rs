//! `countersign requests`

use clap::Subcommand;
use countersign_api::{BatchResult, Request};
use countersign_intent::{RequestId, Span};

use crate::answer;
use crate::client::Call;
use crate::failure::Outcome;
use crate::listing::{self, Range};
use crate::output::Output;
use crate::session::Session;
use crate::table::{fields, table};

/// Requests.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List requests, newest first
    List(Range),
    /// Show one request and how it was answered
    Show {
        /// `req_…`
        id: RequestId,
        /// Wait up to this long for a pending request to be decided, e.g. `30s`
        #[arg(long, value_name = "TIME")]
        wait: Option<Span>,
    },
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::List(range) => listing::show(session, &Call::get("/v1/requests"), &range, list),
        Command::Show { id, wait } => {
            let call = Call::get(format!("/v1/requests/{id}")).query("wait", wait);
            let call = call.held(wait);
            session.call_and_show(&call, show)
        }
    }
}

fn list(requests: &[Request], out: &mut Output) {
    let rows: Vec<_> = requests
        .iter()
        .map(|request| {
            [
                request.id.clone(),
                request.state.clone(),
                request.principal.clone(),
                request.wallet_id.clone().unwrap_or_default(),
                request.log_index.to_string(),
                request.created_at.clone(),
            ]
        })
        .collect();
    table(
        out,
        ["id", "state", "asked by", "wallet", "log entry", "created"],
        &rows,
    );
}

/// Writes a request.
pub(super) fn show(request: &Request, out: &mut Output) {
    fields(
        out,
        &[
            ("id", Some(request.id.clone())),
            ("kind", Some(request.kind.clone())),
            ("state", Some(request.state.clone())),
            ("asked by", Some(request.principal.clone())),
            ("wallet", request.wallet_id.clone()),
            ("created", Some(request.created_at.clone())),
            ("log entry", Some(request.log_index.to_string())),
            ("signature", request.signature.clone()),
        ],
    );
    match serde_json::from_value::<BatchResult>(request.answer.clone()) {
        Ok(result) => {
            out.line("answer:");
            answer::show_either(&result, out);
        }
        Err(_) if request.answer.is_null() => {}
        Err(_) => out.line(format!("answer: {}", request.answer)),
    }
}
