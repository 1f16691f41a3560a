//! `countersign policy propose`

use std::path::PathBuf;

use countersign_api::{ErrorCode, PendingChange, PolicyFinding, PolicySummary, ProposePolicy};
use countersign_policy::PolicySet;
use countersign_policy::lint::{Severity, lint};
use serde_json::Value;

use super::{active, diff, file, history};
use crate::change;
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::idempotency::Idempotency;
use crate::session::Session;

/// Propose a policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The policy; `-` for standard input
    file: PathBuf,
    /// Only check it, and say what it changes and whether that loosens
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    idempotency: Idempotency,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let policy = file::load(&arguments.file)?;
    if !policy.can_be_loosened() {
        session.out.note(
            "note: nobody can ever loosen this policy once it decides: it has no group `change` \
             with a `quorum`; it can only be tightened",
        );
    }
    for finding in lint(&policy) {
        if finding.severity == Severity::Error {
            session.out.note(finding);
        }
    }
    let body = ProposePolicy {
        text: policy.text().to_owned(),
    };
    let call = Call::post("/v1/policies").json(&body)?;
    if arguments.dry_run {
        return tried(session, &call, &policy);
    }
    ask(session, &call.keyed(arguments.idempotency.key()?))
}

/// What only the appliance finds: it knows who is enrolled.
fn only_there(answer: &Value) -> Vec<String> {
    let findings = answer.get("findings").cloned().unwrap_or_default();
    let findings: Vec<PolicyFinding> = serde_json::from_value(findings).unwrap_or_default();
    findings
        .iter()
        .filter(|one| one.subject.starts_with("group "))
        .map(|one| format!("{}: {}: {}", one.severity, one.subject, one.message))
        .collect()
}

/// What the appliance would do with a proposal, after what it changes. Under `--json` the
/// appliance's answer alone.
fn tried(session: &mut Session, call: &Call, policy: &PolicySet) -> Outcome {
    if !session.out.is_json() {
        match active::fetch(session) {
            Ok(active) => diff::compared(&active, policy).show(&mut session.out),
            Err(failure) if failure.is(ErrorCode::NotFound) => {}
            Err(failure) => return Err(failure),
        }
    }
    change::preview(session, call)
}

/// Sends a proposal, and shows the version that decides now, or what it waits for.
///
/// # Errors
/// As [`Session::call`].
pub(super) fn ask(session: &mut Session, call: &Call) -> Outcome {
    let reply = session.call::<Value>(call)?;
    let summary = serde_json::from_value::<PolicySummary>(reply.body.clone());
    let pending = serde_json::from_value::<PendingChange>(reply.body.clone());
    session.show(&reply.value, |out| match (&summary, &pending) {
        (Ok(summary), _) if summary.unchanged => out.line(format!(
            "this is the active policy already, version {}: nothing was done",
            summary.version
        )),
        (Ok(summary), _) => history::list(std::slice::from_ref(summary), out),
        (_, Ok(pending)) => change::show(pending, out),
        _ => out.line(format!("proposed: {}", reply.body)),
    });
    for finding in only_there(&reply.body) {
        session.out.note(finding);
    }
    if reply.exit() == Exit::NeedsApproval {
        session.out.note(
            "this loosens the policy: it takes effect once the group agreed and its delay is over",
        );
    }
    Ok(reply.exit())
}
