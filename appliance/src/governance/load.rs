//! What people are asked, read by the request's identifier.

use countersign_intent::RequestId;

use super::ask::Ask;
use super::{GovernError, Governance, change, held};

/// Reads an ask; `None` if there is no such request, or it asks nobody.
///
/// # Errors
/// Rows that this appliance did not write; a store or HSM that does not answer.
pub async fn load(governance: &Governance, id: RequestId) -> Result<Option<Ask>, GovernError> {
    if change::is_change(id) {
        return change::read(governance, id).await;
    }
    match governance.requests.one(id).await? {
        Some(stored) => held::read(governance, &stored).await,
        None => Ok(None),
    }
}
