//! What waited for people in a database of which nobody knows whether it was put back. People may have
//! agreed meanwhile, and what they agreed to was done: it would be done once more, unasked.

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::RequestId;
use countersign_store::{RequestFilter, request_seq};
use serde_json::json;

use super::Governance;
use super::ask::Ask;
use super::consent::{ConsentRecord, No};
use super::load::load;
use super::{GovernError, State, tally};
use crate::records::{Draft, RecordsError, Stored};

/// Rows of one reading, and of one commit.
const PAGE: u32 = 64;

const WHY: &str = "the token remembered nothing of the log, so this database may have been put back, and \
                   what was asked may have been done already; see what became of it, then ask again";

/// Ends every ask that waits, approved or not. Done again where a crash comes between.
///
/// # Errors
/// A store or HSM that does not answer.
pub async fn end_asks(governance: &Governance) -> Result<(), GovernError> {
    let mut waiting = governance.open_changes.all();
    waiting.extend(held(governance).await?);
    let mut ended = 0_usize;
    let mut turn = governance.records.turn().await;
    for page in waiting.chunks(PAGE as usize) {
        let (mut asks, mut drafts, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for id in page {
            let Some(ask) = open(governance, *id).await? else {
                continue;
            };
            drafts.push(rejected(governance, &ask).await?);
            entries.push(entry(governance, &ask)?);
            asks.push(ask);
        }
        ended = ended.saturating_add(asks.len());
        if !drafts.is_empty() {
            turn.commit(drafts, entries).await?;
        }
        for ask in asks {
            governance.open_changes.remove(ask.id);
            governance.holds.remove(&ask.asker, ask.id);
        }
    }
    if ended > 0 {
        tracing::warn!(ended, "asks that waited for people were ended: {WHY}");
    }
    Ok(())
}

/// Withdrawals that were held for people.
async fn held(governance: &Governance) -> Result<Vec<RequestId>, GovernError> {
    let wanted = RequestFilter {
        waiting: true,
        ..RequestFilter::default()
    };
    let (mut found, mut before) = (Vec::new(), u64::MAX);
    loop {
        let rows = governance.requests.list(&wanted, before, PAGE).await?;
        let Some(last) = rows.last() else {
            return Ok(found);
        };
        before = request_seq(last.request.id);
        found.extend(rows.iter().map(|row| row.request.id));
    }
}

/// The ask, if people may still say something or have said it.
async fn open(governance: &Governance, id: RequestId) -> Result<Option<Ask>, GovernError> {
    let ask = match load(governance, id).await {
        Ok(ask) => ask,
        // It can be neither approved nor released.
        Err(GovernError::Unreadable(_)) => None,
        Err(error) => return Err(error),
    };
    let Some(ask) = ask else {
        return Ok(None);
    };
    let consent = consent(governance, &ask).await?.record;
    let tally = tally(
        &ask,
        &consent,
        &governance.approvers.all(),
        &[],
        governance.clock.now(),
    );
    let waits = matches!(tally.state, State::Pending | State::Approved);
    Ok(waits.then_some(ask))
}

async fn consent(
    governance: &Governance,
    ask: &Ask,
) -> Result<Stored<ConsentRecord>, RecordsError> {
    let id = *ask.id.as_bytes();
    let stored = governance.records.get::<ConsentRecord>(id).await?;
    Ok(stored.unwrap_or_else(|| Stored {
        id,
        seq: 0,
        record: ConsentRecord::default(),
    }))
}

async fn rejected(governance: &Governance, ask: &Ask) -> Result<Draft, RecordsError> {
    let mut consent = consent(governance, ask).await?;
    consent.record.rejection = Some(No {
        name: "system".to_owned(),
        posted_by: "system".to_owned(),
        reason: Some(WHY.to_owned()),
        at: governance.clock.now().micros(),
    });
    match consent.seq {
        0 => Draft::new(consent.id, &consent.record),
        _ => Draft::update(&consent),
    }
}

fn entry(governance: &Governance, ask: &Ask) -> Result<Vec<u8>, RecordsError> {
    let detail = json!({ "approver": "system", "reason": WHY, "request": ask.id.to_string() });
    let entry = governance
        .journal
        .entry(EntryKind::Rejection, Actor::System, None, &detail)?;
    Ok(entry)
}
