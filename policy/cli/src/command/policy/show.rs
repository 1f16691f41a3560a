//! `countersign policy show`

use countersign_api::Policy;
use countersign_intent::PolicyId;

use crate::client::Call;
use crate::failure::Outcome;
use crate::output::Output;
use crate::session::Session;

/// Print a policy.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// `pol_…` as `policy history` lists it: a version; the one that decides unless told
    id: Option<PolicyId>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let path = arguments.id.map_or_else(
        || "/v1/policies/active".to_owned(),
        |id| format!("/v1/policies/{id}"),
    );
    session.call_and_show(&Call::get(path), |policy: &Policy, out| text(policy, out))
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
