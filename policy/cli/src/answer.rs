//! The answer to a sign request, for people.

use countersign_api::{BatchResult, Decision, SignedAnswer};

use crate::exit::Exit;
use crate::output::Output;
use crate::problem;
use crate::table::fields;

/// How a sign command ends.
pub(crate) const fn exit(decision: Decision) -> Exit {
    match decision {
        Decision::Allow => Exit::Done,
        Decision::Deny => Exit::Refused,
        Decision::ApprovalRequired => Exit::NeedsApproval,
    }
}

/// Writes an answer.
pub(crate) fn show(answer: &SignedAnswer, out: &mut Output) {
    let decision = match answer.decision {
        Decision::Allow => "allowed",
        Decision::Deny => "denied",
        Decision::ApprovalRequired => "approval required",
    };
    fields(
        out,
        &[
            ("decision", Some(decision.to_owned())),
            ("request", Some(answer.request_id.clone())),
            ("rule", answer.rule.clone()),
            ("address", answer.address.clone()),
            ("log entry", Some(answer.log_index.to_string())),
            ("group", answer.group.clone()),
            ("quorum", answer.quorum.map(|quorum| quorum.to_string())),
            ("expires", answer.expires_at.clone()),
            (
                "signature",
                answer.signature.as_ref().map(ToString::to_string),
            ),
            ("transaction", answer.transaction.clone()),
        ],
    );
    list(
        out,
        "effects",
        answer.effects.iter().map(|effect| format!("  - {effect}")),
    );
    list(out, "reasons", answer.reasons.iter().map(problem::reason));
}

/// Writes what a request was answered with, a signature or a refusal.
pub(crate) fn show_either(result: &BatchResult, out: &mut Output) {
    match result {
        BatchResult::Answer(answer) => show(answer, out),
        BatchResult::Problem(problem) => {
            for line in problem::sentences(problem) {
                out.line(line);
            }
        }
    }
}

fn list(out: &mut Output, name: &str, mut lines: impl Iterator<Item = String>) {
    if let Some(first) = lines.next() {
        out.line(format!("{name}:"));
        out.line(first);
        lines.for_each(|line| out.line(line));
    }
}
