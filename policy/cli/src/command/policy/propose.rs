//! `countersign policy propose`

use std::path::PathBuf;

use countersign_api::{PolicySummary, ProposePolicy};
use serde_json::Value;

use super::history;
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::input::{self, MAX_POLICY};
use crate::session::Session;

/// Propose a policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The policy; `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let body = ProposePolicy {
        text: input::read_text(&arguments.file, MAX_POLICY)?,
    };
    let call = Call::post("/v1/policies").json(&body)?;
    let reply = session.call::<Value>(&call.keyed(arguments.idempotency.key()?))?;
    let summary = serde_json::from_value::<PolicySummary>(reply.body.clone());
    session.show(&reply.value, |out| match &summary {
        Ok(summary) => history::list(std::slice::from_ref(summary), out),
        Err(_) => out.line(format!("proposed: {}", reply.body)),
    });
    if reply.exit() == Exit::NeedsApproval {
        session.out.note(
            "this loosens the policy: it takes effect once the group agreed and its delay is over",
        );
    }
    Ok(reply.exit())
}
