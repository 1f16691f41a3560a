//! The end of a principal's block that people agreed to.

use countersign_audit::Kind as EntryKind;
use countersign_intent::RequestId;
use serde_json::json;

use super::GovernError;
use super::Governance;
use super::effect::{After, Effect};
use crate::certificates::lifted;
use crate::records::Draft;

/// A principal that was blocked anew meanwhile stays blocked.
pub(super) async fn effect(
    governance: &Governance,
    id: RequestId,
    principal: &str,
    since: i64,
) -> Result<Effect, GovernError> {
    let parsed = principal
        .parse()
        .map_err(|_| GovernError::Unreadable(id.to_string()))?;
    let now = governance.clock.now();
    let stored = lifted(&governance.certificates, principal, since, now).await?;
    let lifted = stored.is_some();
    let drafts = stored.as_ref().map(Draft::update).transpose()?;
    Ok(Effect {
        drafts: drafts.into_iter().collect(),
        kind: EntryKind::PrincipalUnblocked,
        subject: Some(principal.to_owned()),
        detail: json!({ "principal": principal, "lifted": lifted, "request": id.to_string() }),
        result: json!({ "lifted": lifted }),
        after: if lifted {
            After::Unblock(parsed, since, now)
        } else {
            After::Nothing
        },
    })
}
