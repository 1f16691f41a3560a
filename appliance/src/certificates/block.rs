use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::{Principal, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::left::{self, Shut};
use super::{CertificateError, CertificateService, unreadable};
use crate::identity::{Block, Caller, Register};
use crate::records::{Draft, Kind, Record, Records, RecordsError, Stored};
use crate::rehearsal;

/// A principal that is not let in, whichever certificate it comes with: one row per principal, so
/// that no renewal outruns it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRecord {
    /// Role and name.
    pub principal: String,
    /// Who blocked it.
    pub by: String,
    /// The certificate they came with, `crt_…`.
    pub certificate: String,
    /// Why.
    pub reason: Option<String>,
    /// Microseconds since the Unix epoch.
    pub since: i64,
    /// When it was lifted, microseconds since the Unix epoch. Certificates issued before stay dead.
    pub lifted_at: Option<i64>,
}

impl Record for BlockRecord {
    const KIND: Kind = Kind::Block;
}

impl BlockRecord {
    fn principal(&self) -> Result<Principal, RecordsError> {
        self.principal.parse().map_err(unreadable)
    }

    fn standing(&self) -> Block {
        Block {
            since: Timestamp::from_micros(self.since),
            lifted_at: self.lifted_at.map(Timestamp::from_micros),
        }
    }
}

/// A block in force.
#[derive(Debug, Clone)]
pub struct Blocked {
    /// The block.
    pub record: BlockRecord,
    /// Whether it is recorded.
    pub recorded: bool,
    /// What whoever puts it in force has to be told.
    pub warning: Option<String>,
}

/// Blocks that are in force and could not be recorded yet.
#[derive(Debug, Default)]
pub struct Waiting(Mutex<BTreeMap<String, BlockRecord>>);

impl Waiting {
    /// Whoever shuts somebody out holds this from looking who is left until it is done.
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, BlockRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row of a principal.
fn row_id(principal: &str) -> [u8; 16] {
    let digest = Sha256::digest(format!("countersign/block/v1\0{principal}"));
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

/// Blocks a principal. It holds from here on, recorded or not; a block that cannot be recorded is
/// tried again by [`record_waiting`].
///
/// # Errors
/// Nobody would be left who can ask for what enough people can agree to.
pub async fn block(
    service: &CertificateService,
    by: &Caller,
    principal: &Principal,
    reason: Option<String>,
) -> Result<Blocked, CertificateError> {
    if let Some(stands) = blocked(service, principal).await? {
        return Ok(stands);
    }
    let record = BlockRecord {
        principal: principal.to_string(),
        by: by.principal().to_string(),
        certificate: by.certificate().to_owned(),
        reason,
        since: service.clock.now().micros(),
        lifted_at: None,
    };
    let warning = put_in_force(service, by, principal, &record)?;
    metrics::counter!("countersign_principals_blocked_total").increment(1);
    let recorded = write(service, by.actor(), &record).await;
    if let Err(error) = &recorded {
        tracing::error!(%error, "a block holds but is not recorded; it is tried again");
    }
    Ok(Blocked {
        record,
        recorded: recorded.is_ok(),
        warning,
    })
}

fn put_in_force(
    service: &CertificateService,
    by: &Caller,
    principal: &Principal,
    record: &BlockRecord,
) -> Result<Option<String>, CertificateError> {
    let mut waiting = service.blocks.lock();
    let warning = left::after(service, &Shut::Principal(principal))?;
    if rehearsal::is_on() {
        let (kind, subject) = (EntryKind::PrincipalBlocked, Some(record.principal.clone()));
        let entry = service.journal.entry(kind, by.actor(), subject, record)?;
        rehearsal::stop(&[entry])?;
    }
    service.register.block(principal.clone(), record.standing());
    waiting.insert(record.principal.clone(), record.clone());
    Ok(warning)
}

/// The block in force of a principal.
///
/// # Errors
/// As [`crate::records::Records::get`].
pub async fn blocked(
    service: &CertificateService,
    principal: &Principal,
) -> Result<Option<Blocked>, RecordsError> {
    if !service.register.is_blocked(principal) {
        return Ok(None);
    }
    let name = principal.to_string();
    if let Some(record) = service.blocks.lock().get(&name).cloned() {
        return Ok(Some(Blocked {
            record,
            recorded: false,
            warning: None,
        }));
    }
    let stored = service.records.get::<BlockRecord>(row_id(&name)).await?;
    let stored = stored.filter(|stored| stored.record.lifted_at.is_none());
    Ok(stored.map(|stored| Blocked {
        record: stored.record,
        recorded: true,
        warning: None,
    }))
}

/// Records the blocks that could not be recorded when they were put in force.
pub async fn record_waiting(service: &CertificateService) {
    let waiting: Vec<BlockRecord> = service.blocks.lock().values().cloned().collect();
    for record in waiting {
        let domain = service.authority.trust_domain();
        let spiffe_id = format!("spiffe://{domain}/{}", record.by);
        let actor = Actor::Caller {
            spiffe_id: &spiffe_id,
            certificate: &record.certificate,
        };
        if let Err(error) = write(service, actor, &record).await {
            tracing::error!(%error, "a block holds but is not recorded; it is tried again");
        }
    }
}

async fn write(
    service: &CertificateService,
    actor: Actor<'_>,
    record: &BlockRecord,
) -> Result<(), RecordsError> {
    let id = row_id(&record.principal);
    let draft = match service.records.get::<BlockRecord>(id).await? {
        Some(mut stored) => {
            stored.record = record.clone();
            Draft::update(&stored)?
        }
        None => Draft::new(id, record)?,
    };
    let subject = Some(record.principal.clone());
    let kind = EntryKind::PrincipalBlocked;
    let entry = service.journal.entry(kind, actor, subject, record)?;
    service.records.commit(vec![draft], vec![entry]).await?;
    service.blocks.lock().remove(&record.principal);
    Ok(())
}

/// The row of a block put in force at `since`, lifted at `now`; `None` if it is not that one.
///
/// # Errors
/// As [`crate::records::Records::get`].
pub async fn lifted(
    service: &CertificateService,
    principal: &str,
    since: i64,
    now: Timestamp,
) -> Result<Option<Stored<BlockRecord>>, RecordsError> {
    let stored = service
        .records
        .get::<BlockRecord>(row_id(principal))
        .await?;
    let same = |stored: &Stored<BlockRecord>| {
        stored.record.since == since && stored.record.lifted_at.is_none()
    };
    Ok(stored.filter(same).map(|mut stored| {
        stored.record.lifted_at = Some(now.micros());
        stored
    }))
}

/// Reads every block.
///
/// # Errors
/// As [`crate::records::Records::all`].
pub async fn load(records: &Records, register: &Register) -> Result<(), RecordsError> {
    for stored in records.all::<BlockRecord>(None).await? {
        let principal = stored.record.principal()?;
        let since = stored.record.since;
        register.block(principal.clone(), stored.record.standing());
        if let Some(at) = stored.record.lifted_at {
            let (since, at) = (Timestamp::from_micros(since), Timestamp::from_micros(at));
            register.lift(&principal, since, at);
        }
    }
    Ok(())
}
