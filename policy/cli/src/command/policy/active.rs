//! The policy that decides.

use countersign_api::Policy;
use countersign_policy::{PolicySet, parse};

use crate::client::Call;
use crate::failure::Failure;
use crate::session::Session;

/// Fetches the active policy.
///
/// # Errors
/// As [`Session::call`], or a policy that this program does not understand.
pub(crate) fn fetch(session: &mut Session) -> Result<PolicySet, Failure> {
    let policy: Policy = session.call(&Call::get("/v1/policies/active"))?.body;
    parse(&policy.text).map_err(|_| {
        Failure::unreachable(
            "the active policy is not understood; is this program of the appliance's version?",
        )
    })
}
