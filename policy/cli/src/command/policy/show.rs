//! `countersign policy show`

use countersign_api::Policy;

use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::session::Session;

pub(super) fn run(session: &mut Session) -> Outcome {
    session.call_and_show(&Call::get("/v1/policies/active"), |policy: &Policy, out| {
        text(policy, out);
    })
}

/// The text alone, so that it can be written to a file, changed and proposed.
fn text(policy: &Policy, out: &mut Output) {
    out.bytes(policy.text.as_bytes());
    let summary = &policy.summary;
    out.note(format!(
        "{} version {}, {}, hash {}",
        summary.name, summary.version, summary.id, summary.hash
    ));
}
