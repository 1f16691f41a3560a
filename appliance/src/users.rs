//! Users of platforms.

use std::sync::Arc;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::UserId;
use serde::{Deserialize, Serialize};

use crate::journal::Journal;
use crate::records::{Draft, Kind, Record, Records, RecordsError, Stored};

/// A user as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserRecord {
    /// Name of the gateway that created the user and may use it.
    pub gateway: String,
    /// The platform's own name.
    pub external_id: String,
    /// A name for people.
    pub display_name: Option<String>,
    /// Service tier.
    pub tier: Option<String>,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
}

impl Record for UserRecord {
    const KIND: Kind = Kind::User;

    fn lookup(&self) -> Option<String> {
        Some(format!("{}/{}", self.gateway, self.external_id))
    }
}

/// Finds the gateway's user with this external id, or records it as `id`.
///
/// # Errors
/// As [`Records::commit`].
pub async fn ensure(
    records: &Arc<Records>,
    journal: &Journal,
    id: UserId,
    record: &UserRecord,
    actor: Actor<'_>,
) -> Result<Stored<UserRecord>, RecordsError> {
    let lookup = record.lookup().unwrap_or_default();
    if let Some(found) = records.find(&lookup).await? {
        return Ok(found);
    }
    let entry = journal.entry(EntryKind::UserCreated, actor, Some(id.to_string()), record)?;
    let draft = Draft::new(*id.as_bytes(), record)?;
    match records.commit(vec![draft], vec![entry]).await {
        // `Taken`: somebody else recorded the same user a moment ago.
        Ok(_) | Err(RecordsError::Taken(_)) => {}
        Err(error) => return Err(error),
    }
    records
        .find(&lookup)
        .await?
        .ok_or(RecordsError::Gone(Kind::User.as_str()))
}
