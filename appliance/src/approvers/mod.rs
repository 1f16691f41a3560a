//! People who may approve, each with the one key they approve with.

mod key;

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_intent::{ApproverId, Principal, Role};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError, Stored};

pub use key::{Key, KeyError, OffchainVersion, Scheme, SignatureError};

/// An approver as recorded. A new key is a new approver of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApproverRecord {
    /// The name that groups of the policy list.
    pub name: String,
    /// How the key signs.
    pub scheme: Scheme,
    /// The key as [`Key`] writes it.
    pub public_key: String,
    /// The operator who is the same person.
    pub operator: Option<String>,
    /// Who enrolled them: `init`, or the request that did.
    pub enrolled_by: String,
    /// Microseconds since the Unix epoch.
    pub enrolled_at: i64,
    /// When they were removed, microseconds since the Unix epoch.
    pub removed_at: Option<i64>,
}

impl Record for ApproverRecord {
    const KIND: Kind = Kind::Approver;
}

/// An approver who may approve now.
#[derive(Debug, Clone)]
pub struct Approver {
    /// Their identifier; another one with each key.
    pub id: ApproverId,
    /// As recorded.
    pub record: ApproverRecord,
    /// The key.
    pub key: Key,
}

impl Approver {
    /// Whether this is the person who asks.
    #[must_use]
    pub fn is(&self, asker: &Principal) -> bool {
        self.record.name == asker.name()
            || (asker.role() == Role::Operator
                && self.record.operator.as_deref() == Some(asker.name()))
    }
}

/// The approvers who may approve now.
#[derive(Debug, Default)]
pub struct Approvers(ArcSwap<Vec<Approver>>);

impl Approvers {
    /// Reads every approver who was not removed.
    ///
    /// # Errors
    /// As [`Records::all`], or a key that cannot be read.
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        let mut all = Vec::new();
        for stored in records.all::<ApproverRecord>(None).await? {
            if stored.record.removed_at.is_none() {
                all.push(read(stored)?);
            }
        }
        self.0.store(Arc::new(all));
        Ok(())
    }

    /// The approvers.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<Approver>> {
        self.0.load_full()
    }

    /// The approver with this identifier or name.
    #[must_use]
    pub fn find(&self, id_or_name: &str) -> Option<Approver> {
        let all = self.0.load();
        let named = |approver: &&Approver| {
            approver.record.name == id_or_name || approver.id.to_string() == id_or_name
        };
        all.iter().find(named).cloned()
    }
}

fn read(stored: Stored<ApproverRecord>) -> Result<Approver, RecordsError> {
    let record = stored.record;
    let key = Key::parse(record.scheme, &record.public_key).map_err(|error| {
        RecordsError::Unreadable {
            kind: Kind::Approver.as_str().to_owned(),
            cause: error.to_string(),
        }
    })?;
    Ok(Approver {
        id: ApproverId::from_bytes(stored.id),
        record,
        key,
    })
}
