//! Requests as the ledger recorded them. They are read beside the writer, and believed only if this
//! appliance wrote them: who asked, for which wallet, what was decided and what became of it all
//! stand in columns that anybody with write access to the database could change.

use countersign_intent::RequestId;
use countersign_store::ledger::LedgerError;
use countersign_store::{KeptRequest, RequestFilter, StoredRequest};

use crate::app::App;

/// The request with this id.
///
/// # Errors
/// A row that this appliance did not write; a store that does not answer.
pub async fn one(app: &App, id: RequestId) -> Result<Option<StoredRequest>, LedgerError> {
    let stored = app.db.request(id).await?;
    stored.map(|stored| genuine(app, stored)).transpose()
}

/// As [`Store::requests`].
///
/// # Errors
/// As [`one`].
pub async fn list(
    app: &App,
    wanted: &RequestFilter,
    before: u64,
    limit: u32,
) -> Result<Vec<StoredRequest>, LedgerError> {
    let rows = app.db.requests(wanted, before, limit).await?;
    rows.into_iter().map(|row| genuine(app, row)).collect()
}

/// As [`Store::kept`].
///
/// # Errors
/// As [`one`].
pub async fn kept(app: &App, after: u64, limit: u32) -> Result<Vec<KeptRequest>, LedgerError> {
    let rows = app.db.kept(after, limit).await?;
    let checked = |row: KeptRequest| {
        let stored = genuine(app, row.stored)?;
        let message = row.message;
        Ok(KeptRequest { stored, message })
    };
    rows.into_iter().map(checked).collect()
}

fn genuine(app: &App, stored: StoredRequest) -> Result<StoredRequest, LedgerError> {
    if app.ledger.rows().are_genuine(&stored) {
        return Ok(stored);
    }
    Err(LedgerError::NotOurs(stored.request.id))
}
