//! Requests as the ledger recorded them. They are read beside the writer, and believed only if this
//! appliance wrote them: who asked, for which wallet, what was decided and what became of it all
//! stand in columns that anybody with write access to the database could change.

use std::sync::Arc;

use countersign_intent::RequestId;
use countersign_store::ledger::{Ledger, LedgerError};
use countersign_store::{KeptRequest, RequestFilter, Store, StoredRequest};

/// Reads requests, and believes only what this appliance wrote.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Requests {
    db: Arc<dyn Store>,
    ledger: Ledger,
}

impl Requests {
    /// Reads this database, whose rows this ledger wrote.
    #[must_use]
    pub const fn new(db: Arc<dyn Store>, ledger: Ledger) -> Self {
        Self { db, ledger }
    }

    /// The request with this id.
    ///
    /// # Errors
    /// A row that this appliance did not write; a store that does not answer.
    pub async fn one(&self, id: RequestId) -> Result<Option<StoredRequest>, LedgerError> {
        let stored = self.db.request(id).await?;
        stored.map(|stored| self.genuine(stored)).transpose()
    }

    /// As [`Store::requests`].
    ///
    /// # Errors
    /// As [`Self::one`].
    pub async fn list(
        &self,
        wanted: &RequestFilter,
        before: u64,
        limit: u32,
    ) -> Result<Vec<StoredRequest>, LedgerError> {
        let rows = self.db.requests(wanted, before, limit).await?;
        rows.into_iter().map(|row| self.genuine(row)).collect()
    }

    /// As [`Store::kept`].
    ///
    /// # Errors
    /// As [`Self::one`].
    pub async fn kept(&self, after: u64, limit: u32) -> Result<Vec<KeptRequest>, LedgerError> {
        let rows = self.db.kept(after, limit).await?;
        let checked = |row: KeptRequest| {
            let stored = self.genuine(row.stored)?;
            let message = row.message;
            Ok(KeptRequest { stored, message })
        };
        rows.into_iter().map(checked).collect()
    }

    fn genuine(&self, stored: StoredRequest) -> Result<StoredRequest, LedgerError> {
        if self.ledger.rows().are_genuine(&stored) {
            return Ok(stored);
        }
        Err(LedgerError::NotOurs(stored.request.id))
    }
}
