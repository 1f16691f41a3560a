//! Rows that grant power: users, wallets, grants, certificates, policies, prices, freezes.
//!
//! The database is not trusted with authority. Every row carries an HMAC made by a key inside
//! the HSM over all of its columns, and one seal, also HMACed, covers the MACs of all current
//! rows. A row changed, replaced by an older version, added or removed behind the appliance's
//! back is refused, loudly: at the start by the seal, later by the MAC that the row must have.

mod cached;
mod digest;
mod error;
mod kind;
mod row;
mod row_query;
mod write_guard;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use countersign_store::ledger::{Ledger, LedgerError};
use countersign_store::{AuthorityRow, AuthoritySeal, Store, StoreError};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::device::DeviceDesk;
pub use cached::{CacheError, Cached};
use digest::RowSet;
pub use error::RecordsError;
pub use kind::Kind;
use kind::RowKey;
pub use row::{Draft, Record, Stored};
use row_query::{RowQuery, keyed};
pub use write_guard::WriteGuard;

type Mac = [u8; 32];

/// Reads and writes rows that grant power, in the appliance's database unless told.
#[allow(missing_debug_implementations, reason = "holds MACs of every row")]
pub struct Records {
    db: Arc<dyn Store>,
    ledger: Ledger,
    desk: DeviceDesk,
    rows: RwLock<Rows>,
    writer: tokio::sync::Mutex<Writer>,
    /// Held for writing while rows may be in the database and not in memory yet.
    settled: tokio::sync::RwLock<()>,
    /// How often nobody knew what became of a commit.
    doubts: watch::Sender<u64>,
}

struct Rows {
    current: RowSet,
    // SHA-256 of the rows whose MAC was checked, so that the HSM checks each version once.
    checked: HashMap<RowKey, [u8; 32]>,
}

struct Writer {
    version: u64,
    next_seq: i64,
}

const MACS_PER_READ: u32 = 10_000;

impl Records {
    /// Reads the MACs of all rows and checks them against the seal.
    ///
    /// # Errors
    /// A seal that is missing, forged, or does not match the rows; a store or HSM that does not
    /// answer.
    pub async fn open(
        db: Arc<dyn Store>,
        ledger: Ledger,
        desk: DeviceDesk,
    ) -> Result<Self, RecordsError> {
        let (current, version) = load(&*db, &desk, &ledger).await?;
        // Sequence numbers only order listings; the count is a floor that no row has passed,
        // because rows are never deleted.
        let next_seq = i64::try_from(current.count()).unwrap_or(i64::MAX);
        Ok(Self {
            db,
            ledger,
            desk,
            rows: RwLock::new(Rows {
                current,
                checked: HashMap::new(),
            }),
            writer: tokio::sync::Mutex::new(Writer { version, next_seq }),
            settled: tokio::sync::RwLock::new(()),
            doubts: watch::Sender::new(0),
        })
    }

    /// Changes whenever a commit may have been done and nobody was told: what is kept in memory
    /// of the rows has to be read again.
    pub fn doubts(&self) -> watch::Receiver<u64> {
        self.doubts.subscribe()
    }

    /// Says that what is kept in memory may be older than the rows.
    pub fn doubt(&self) {
        self.doubts
            .send_modify(|doubts| *doubts = doubts.wrapping_add(1));
    }

    /// Reads one record.
    ///
    /// # Errors
    /// A row that is not what this appliance wrote last; a store or HSM that does not answer.
    pub async fn get<T: Record>(&self, id: [u8; 16]) -> Result<Option<Stored<T>>, RecordsError> {
        let mut rows = self.latest(&RowQuery::Id(T::KIND, id)).await?;
        rows.pop().map(|row| row.read()).transpose()
    }

    /// Finds one record by its unique lookup text.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn find<T: Record>(&self, lookup: &str) -> Result<Option<Stored<T>>, RecordsError> {
        let mut rows = self.latest(&RowQuery::Text(T::KIND, lookup)).await?;
        rows.pop().map(|row| row.read()).transpose()
    }

    /// Lists records in the order they were made, those after `after`.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn list<T: Record>(
        &self,
        parent: Option<[u8; 16]>,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Stored<T>>, RecordsError> {
        let rows = self
            .latest(&RowQuery::Page(T::KIND, parent, after, limit))
            .await?;
        rows.iter().map(AuthorityRowExt::read).collect()
    }

    /// Lists records from the one made last, those before `before`.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn newest<T: Record>(
        &self,
        parent: Option<[u8; 16]>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Stored<T>>, RecordsError> {
        let rows = self
            .latest(&RowQuery::Newest(T::KIND, parent, before, limit))
            .await?;
        rows.iter().map(AuthorityRowExt::read).collect()
    }

    /// Lists every record of a kind, or every one that belongs to `parent`.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn all<T: Record>(
        &self,
        parent: Option<[u8; 16]>,
    ) -> Result<Vec<Stored<T>>, RecordsError> {
        // Rows are never deleted, so those there were before this began are there at its end.
        let written = match parent {
            None => self.read_rows(|rows| rows.current.of_kind(T::KIND)),
            Some(_) => 0,
        };
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|last: &Stored<T>| last.seq);
            let page = self.list::<T>(parent, after, 500).await?;
            if page.is_empty() {
                break;
            }
            all.extend(page);
        }
        if all.len() < written {
            return Err(RecordsError::missing(T::KIND, written, all.len()));
        }
        Ok(all)
    }

    /// Writes records and their log entries in one commit, under a new seal. `entries` are the
    /// canonical bytes of audit entries. Answers the entries' indexes.
    ///
    /// # Errors
    /// A store or HSM that does not answer.
    pub async fn commit(
        &self,
        drafts: Vec<Draft>,
        entries: Vec<Vec<u8>>,
    ) -> Result<Vec<u64>, RecordsError> {
        self.turn().await.commit(drafts, entries).await
    }

    /// Waits for the turn to write: what is read during it stays true until it ends.
    ///
    /// One writer at a time: the seal of a change covers the change before it.
    pub async fn turn(&self) -> WriteGuard<'_> {
        WriteGuard {
            records: self,
            writer: self.writer.lock().await,
        }
    }

    /// After a commit that may or may not be durable: what counts is what the database holds
    /// now, if its seal is genuine.
    async fn recover(&self, writer: &mut Writer, error: LedgerError) -> RecordsError {
        if let LedgerError::Store(StoreError::Unknown(_)) = error {
            match self.reload().await {
                Ok((current, version)) => {
                    writer.version = version;
                    let mut state = self.rows.write().unwrap_or_else(PoisonError::into_inner);
                    state.current = current;
                    state.checked.clear();
                }
                Err(error) => tracing::error!(%error, "rows cannot be read again"),
            }
            self.doubt();
        }
        error.into()
    }

    /// Only once the ledger has found out how its commit ended: it knows which seal is the last one.
    async fn reload(&self) -> Result<(RowSet, u64), RecordsError> {
        self.ledger.flush().await?;
        load(&*self.db, &self.desk, &self.ledger).await
    }

    /// Looks before the database would refuse: there, a taken name fails the whole commit,
    /// with everybody else's requests in it.
    async fn refuse_taken(&self, drafts: &[Draft]) -> Result<(), RecordsError> {
        for draft in drafts {
            let Some(lookup) = draft.lookup() else {
                continue;
            };
            let kind = draft.kind();
            let holder = self.db.authority_by_lookup(kind.as_str(), lookup).await?;
            if holder.is_some_and(|row| row.id != draft.id()) {
                return Err(RecordsError::Taken(kind.as_str()));
            }
        }
        Ok(())
    }

    async fn make_macs(
        &self,
        mut rows: Vec<AuthorityRow>,
    ) -> Result<Vec<AuthorityRow>, RecordsError> {
        let rows = self
            .desk
            .run(move |desk| {
                for row in &mut rows {
                    row.mac = desk.mac.mac(&row::mac_input(row))?.to_vec();
                }
                Ok(rows)
            })
            .await?;
        Ok(rows)
    }

    async fn make_seal(
        &self,
        version: u64,
        count: u64,
        root: [u8; 32],
    ) -> Result<AuthoritySeal, RecordsError> {
        let input = row::seal_input(version, count, &root);
        let mac = self.desk.run(move |desk| Ok(desk.mac.mac(&input)?)).await?;
        Ok(AuthoritySeal {
            version,
            count,
            sum: root.to_vec(),
            mac: mac.to_vec(),
        })
    }

    /// The rows as this appliance wrote them last. While a commit is on its way the database may be
    /// ahead of what is in memory, or what was read behind it: then it is read again once that
    /// ended.
    async fn latest(&self, look: &RowQuery<'_>) -> Result<Vec<AuthorityRow>, RecordsError> {
        let rows = look.at(&*self.db).await?;
        if self.stale(look, &rows)?.is_none() {
            return self.genuine(rows).await;
        }
        let _settled = self.settled.read().await;
        let rows = look.at(&*self.db).await?;
        match self.stale(look, &rows)? {
            None => self.genuine(rows).await,
            Some(((kind, id), what)) => Err(RecordsError::tampered(kind, &id, what)),
        }
    }

    /// The first row that is not the version in memory, or the one that is in memory alone.
    fn stale(
        &self,
        look: &RowQuery<'_>,
        rows: &[AuthorityRow],
    ) -> Result<Option<(RowKey, &'static str)>, RecordsError> {
        if let (RowQuery::Id(kind, id), []) = (look, rows) {
            let key = (*kind, *id);
            let expected = self.read_rows(|rows| rows.current.mac(&key).is_some());
            return Ok(expected.then_some((key, "the row is gone")));
        }
        for row in rows {
            let (key, mac) = keyed(row)?;
            if self.read_rows(|rows| rows.current.mac(&key) != Some(&mac)) {
                return Ok(Some((key, "it is not the latest version")));
            }
        }
        Ok(None)
    }

    /// Has the HSM check the MACs that it did not check before.
    async fn genuine(&self, rows: Vec<AuthorityRow>) -> Result<Vec<AuthorityRow>, RecordsError> {
        let mut inputs = Vec::new();
        for row in &rows {
            let (key, mac) = keyed(row)?;
            let input = row::mac_input(row);
            let hash: [u8; 32] = Sha256::digest(&input).into();
            if self.read_rows(|rows| rows.checked.get(&key) != Some(&hash)) {
                inputs.push((key, mac, hash, input));
            }
        }
        if !inputs.is_empty() {
            self.check_macs(inputs).await?;
        }
        Ok(rows)
    }

    async fn check_macs(
        &self,
        inputs: Vec<(RowKey, Mac, [u8; 32], Vec<u8>)>,
    ) -> Result<(), RecordsError> {
        let verdicts = self
            .desk
            .run(move |desk| {
                let mut verdicts = Vec::with_capacity(inputs.len());
                for (key, mac, hash, input) in inputs {
                    verdicts.push((key, hash, desk.mac.mac(&input)? == mac));
                }
                Ok(verdicts)
            })
            .await?;
        let mut state = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        for (key, hash, genuine) in verdicts {
            if !genuine {
                return Err(RecordsError::tampered(key.0, &key.1, "its MAC is wrong"));
            }
            state.checked.insert(key, hash);
        }
        Ok(())
    }

    fn read_rows<T>(&self, read: impl FnOnce(&Rows) -> T) -> T {
        read(&self.rows.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn load(
    db: &dyn Store,
    desk: &DeviceDesk,
    ledger: &Ledger,
) -> Result<(RowSet, u64), RecordsError> {
    let seal = db.authority_seal().await?;
    let current = load_rows(db).await?;
    if seal.as_ref().map(|seal| seal.mac.as_slice()) != ledger.authority_mac().as_deref() {
        return Err(RecordsError::SealOlder(seal.map_or(0, |seal| seal.version)));
    }
    match seal {
        Some(seal) => {
            check_seal(desk, &seal, &current).await?;
            Ok((current, seal.version))
        }
        // The first rows and the first entries came in one commit: a log without rows has lost
        // them, with every revocation and freeze.
        None if current.count() == 0 && ledger.head().borrow().size == 0 => Ok((current, 0)),
        None => Err(RecordsError::SealMissing(current.count())),
    }
}

async fn load_rows(db: &dyn Store) -> Result<RowSet, RecordsError> {
    let mut set = RowSet::new();
    let mut after: Option<(String, Vec<u8>)> = None;
    loop {
        let from = after
            .as_ref()
            .map(|(kind, id)| (kind.as_str(), id.as_slice()));
        let page = db.authority_macs(from, MACS_PER_READ).await?;
        let Some(last) = page.last() else { break };
        after = Some((last.kind.clone(), last.id.clone()));
        for row in &page {
            let key = row::key(&row.kind, &row.id);
            let mac = row.mac.as_slice().try_into().ok();
            let (Some(key), Some(mac)) = (key, mac) else {
                return Err(RecordsError::Unreadable {
                    kind: row.kind.clone(),
                    cause: "its kind, id or MAC has another shape".to_owned(),
                });
            };
            set.load(key, mac);
        }
    }
    set.renew_all();
    Ok(set)
}

async fn check_seal(
    desk: &DeviceDesk,
    seal: &AuthoritySeal,
    rows: &RowSet,
) -> Result<(), RecordsError> {
    let root = rows.root();
    let input = row::seal_input(seal.version, seal.count, &root);
    let mac = desk.run(move |desk| Ok(desk.mac.mac(&input)?)).await?;
    if seal.count != rows.count() || seal.sum != root || seal.mac != mac {
        return Err(RecordsError::SealBroken {
            version: seal.version,
            sealed: seal.count,
            found: rows.count(),
        });
    }
    Ok(())
}

trait AuthorityRowExt {
    fn read<T: Record>(&self) -> Result<Stored<T>, RecordsError>;
}

impl AuthorityRowExt for AuthorityRow {
    fn read<T: Record>(&self) -> Result<Stored<T>, RecordsError> {
        row::read(self)
    }
}

#[cfg(test)]
mod tests;
