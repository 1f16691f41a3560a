//! A governed change asked for.

use countersign_audit::Kind as EntryKind;
use serde_json::json;

use super::ask::Ask;
use super::change::{self, ChangeRecord, What};
use super::{GovernError, Poster, changeable};
use crate::app::App;
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
pub async fn propose(app: &App, poster: &Poster<'_>, what: What) -> Result<Proposal, GovernError> {
    let policy = app
        .policies
        .active()
        .ok_or_else(|| GovernError::Denied("no policy is active".to_owned()))?;
    let requirement = what.requirement(&policy.set).map_err(GovernError::Denied)?;
    if let Some(why) = changeable::after(app, &what, &policy.set) {
        return Err(GovernError::Denied(why));
    }
    let asker = poster.principal.to_string();
    let issuers = certificates::issuers_of(app, poster.caller);
    let why = what.why(&policy.set);
    if let Some(ask) = same(app, &asker, &what).await? {
        return Ok(Proposal { ask, why });
    }
    app.open_changes
        .room(poster.principal, app.config.share.open_changes)?;
    let id = change::change_id(app.desk.random_id().await?);
    let now = app.clock.now();
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
    change::unrecorded(app, id, &record)?
        .standing
        .map_err(GovernError::Denied)?;
    if rehearsal::is_on() {
        let ask = change::unrecorded(app, id, &record)?;
        return Ok(Proposal { ask, why });
    }
    let detail = json!({ "kind": record.what.kind(), "summary": record.what.summary(&policy.set) });
    let entry = app
        .journal
        .entry(
            EntryKind::ChangeAsked,
            poster.actor,
            Some(id.to_string()),
            &detail,
        )
        .map_err(RecordsError::from)?;
    // The entry first: its index stands in the row, and an entry without a row asks nobody.
    record.log_index = app.ledger.append(entry).await?;
    let stored = Stored {
        id: *id.as_bytes(),
        seq: 0,
        record,
    };
    let draft = Draft::new(stored.id, &stored.record)?;
    app.records.commit(vec![draft], Vec::new()).await?;
    app.open_changes.insert(id, &stored.record);
    let ask = change::ask(app, &stored)?;
    Ok(Proposal { ask, why })
}

/// The same change of the same asker, if it waits already.
async fn same(app: &App, asker: &str, what: &What) -> Result<Option<Ask>, GovernError> {
    for id in app.open_changes.of(asker) {
        let stored = app.records.get::<ChangeRecord>(*id.as_bytes()).await?;
        let alike = |stored: &Stored<ChangeRecord>| {
            stored.record.asker == asker
                && stored.record.what == *what
                && stored.record.expires_at > app.clock.now().micros()
        };
        if let Some(stored) = stored.filter(alike) {
            return change::ask(app, &stored).map(Some);
        }
    }
    Ok(None)
}
