//! A governed change asked for.

use countersign_audit::Kind as EntryKind;
use serde_json::json;

use super::Governance;
use super::ask::Ask;
use super::change::{self, ChangeRecord, What};
use super::{GovernError, Poster, changeable};
use crate::certificates;
use crate::records::{Draft, RecordsError, Stored};
use crate::rehearsal;

/// A change that waits for people.
#[derive(Debug)]
pub struct Proposal {
    /// The ask.
    pub ask: Ask,
    /// Why one operator's word is not enough.
    pub why: Vec<String>,
}

/// Records a change that waits for people. The same change asked for twice by the same operator
/// is one.
///
/// # Errors
/// Nobody to ask, too many changes waiting already, or more than an approver's device shows.
pub async fn propose(
    governance: &Governance,
    poster: &Poster<'_>,
    what: What,
) -> Result<Proposal, GovernError> {
    let policy = governance
        .policies
        .active()
        .ok_or_else(|| GovernError::Denied("no policy is active".to_owned()))?;
    let requirement = what.requirement(&policy.set).map_err(GovernError::Denied)?;
    if let Some(why) = changeable::after(governance, &what, &policy.set) {
        return Err(GovernError::Denied(why));
    }
    let asker = poster.principal.to_string();
    let issuers = certificates::issuers_of(&governance.register, poster.caller);
    let why = what.why(&policy.set);
    if let Some(ask) = same(governance, &asker, &what).await? {
        return Ok(Proposal { ask, why });
    }
    governance
        .open_changes
        .room(poster.principal, governance.most_open)?;
    let id = change::change_id(governance.desk.random_id().await?);
    let now = governance.clock.now();
    let mut record = ChangeRecord {
        asker,
        issuers: Some(issuers),
        asked_at: now.micros(),
        expires_at: now.saturating_add(requirement.expires).micros(),
        log_index: 0,
        result: None,
        what,
    };
    // What no device shows in full is not asked.
    change::unrecorded(governance, id, &record)?
        .standing
        .map_err(GovernError::Denied)?;
    if rehearsal::is_on() {
        let ask = change::unrecorded(governance, id, &record)?;
        return Ok(Proposal { ask, why });
    }
    let detail = json!({ "kind": record.what.kind(), "summary": record.what.summary(&policy.set) });
    let entry = governance
        .journal
        .entry(
            EntryKind::ChangeAsked,
            poster.actor,
            Some(id.to_string()),
            &detail,
        )
        .map_err(RecordsError::from)?;
    // The entry first: its index stands in the row, and an entry without a row asks nobody.
    record.log_index = governance.ledger.append(entry).await?;
    let stored = Stored {
        id: *id.as_bytes(),
        seq: 0,
        record,
    };
    let draft = Draft::new(stored.id, &stored.record)?;
    governance.records.commit(vec![draft], Vec::new()).await?;
    governance.open_changes.insert(id, &stored.record);
    let ask = change::ask(governance, &stored)?;
    Ok(Proposal { ask, why })
}

/// The same change of the same asker, if it waits already.
async fn same(
    governance: &Governance,
    asker: &str,
    what: &What,
) -> Result<Option<Ask>, GovernError> {
    for id in governance.open_changes.of(asker) {
        let stored = governance
            .records
            .get::<ChangeRecord>(*id.as_bytes())
            .await?;
        let alike = |stored: &Stored<ChangeRecord>| {
            stored.record.asker == asker
                && stored.record.what == *what
                && stored.record.expires_at > governance.clock.now().micros()
        };
        if let Some(stored) = stored.filter(alike) {
            return change::ask(governance, &stored).map(Some);
        }
    }
    Ok(None)
}
