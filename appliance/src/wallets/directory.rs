//! Wallets as the sign path sees them: resolved once, checked once, then kept.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_hsm::KeyRef;
use countersign_intent::{Account, Principal, Role, UserId, Venue, WalletId};
use countersign_policy::Limit;
use lru::LruCache;

use super::limits::{self, Owner};
use super::{Status, WalletRecord};
use crate::grants::GrantRecord;
use crate::records::{Records, RecordsError, Stored};
use crate::users::UserRecord;
use crate::venue;

/// Wallets kept at once.
const KEPT: usize = 32_768;

/// Everything the sign path needs to know about a wallet.
#[derive(Debug)]
pub struct WalletEntry {
    /// Its identifier.
    pub id: WalletId,
    /// The wallet it is to the policy: itself, or, if its key was replaced, the one whose key it
    /// was. So a new key opens no new room under limits, and no way round a rule or a freeze.
    pub counts_as: WalletId,
    /// Its user.
    pub user: UserId,
    /// The user's service tier.
    pub tier: Option<String>,
    /// Where it signs.
    pub venue: Venue,
    /// The address that its venue knows it by.
    pub address: Account,
    /// Its key, as the device wants it named.
    pub key: Arc<KeyRef>,
    /// What it may do.
    pub status: Status,
    /// The limits it carries beside those of the policy.
    pub limits: Vec<Limit>,
    /// Who may use it.
    pub grants: Vec<GrantRecord>,
    outdated: AtomicBool,
}

impl WalletEntry {
    /// The grant of a bot, if it has one.
    #[must_use]
    pub fn grant(&self, principal: &Principal) -> Option<&GrantRecord> {
        if principal.role() != Role::Bot {
            return None;
        }
        self.grants
            .iter()
            .find(|grant| grant.bot == principal.name())
    }

    /// Whether the wallet, its user or its grants changed since this was read.
    #[must_use]
    pub fn outdated(&self) -> bool {
        self.outdated.load(Ordering::Acquire)
    }
}

/// Resolves wallets.
#[allow(missing_debug_implementations, reason = "a cache has nothing to show")]
pub struct Directory {
    records: Arc<Records>,
    kept: Mutex<LruCache<WalletId, Arc<WalletEntry>>>,
    // Counts changes, so that what was read before a change is never kept after it.
    changes: AtomicU64,
}

impl Directory {
    /// A directory over these records.
    #[must_use]
    pub fn new(records: Arc<Records>) -> Self {
        let capacity = NonZeroUsize::new(KEPT).unwrap_or(NonZeroUsize::MIN);
        Self {
            records,
            kept: Mutex::new(LruCache::new(capacity)),
            changes: AtomicU64::new(0),
        }
    }

    /// Resolves a wallet.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn resolve(&self, id: WalletId) -> Result<Option<Arc<WalletEntry>>, RecordsError> {
        if let Some(entry) = self.lock().get(&id) {
            return Ok(Some(Arc::clone(entry)));
        }
        let before = self.changes.load(Ordering::Acquire);
        let Some(entry) = self.read(id).await? else {
            return Ok(None);
        };
        let entry = Arc::new(entry);
        let mut kept = self.lock();
        if self.changes.load(Ordering::Acquire) == before {
            kept.put(id, Arc::clone(&entry));
        } else {
            entry.outdated.store(true, Ordering::Release);
        }
        Ok(Some(entry))
    }

    /// Forgets a wallet whose row, user or grants changed. Requests that resolved it before and
    /// were not judged yet resolve it again.
    pub fn forget(&self, id: WalletId) {
        let mut kept = self.lock();
        self.changes.fetch_add(1, Ordering::AcqRel);
        if let Some(entry) = kept.pop(&id) {
            entry.outdated.store(true, Ordering::Release);
        }
    }

    async fn read(&self, id: WalletId) -> Result<Option<WalletEntry>, RecordsError> {
        let Some(wallet) = self.records.get::<WalletRecord>(*id.as_bytes()).await? else {
            return Ok(None);
        };
        let unreadable = || RecordsError::Unreadable {
            kind: "wallet".to_owned(),
            cause: format!("{id} has a field of another shape"),
        };
        let user: UserId = wallet.record.user.parse().map_err(|_| unreadable())?;
        let owner: Option<Stored<UserRecord>> = self.records.get(*user.as_bytes()).await?;
        let grants = self.records.all::<GrantRecord>(Some(wallet.id)).await?;
        let key = wallet.record.key(wallet.id).ok_or_else(unreadable)?;
        let venue = Venue::by_slug(&wallet.record.venue).ok_or_else(unreadable)?;
        // Of the key itself: what is signed for it must not depend on text beside it.
        let address = venue::address(venue, &key.public).ok_or_else(unreadable)?;
        let replaced = wallet.record.rotation.rotated_to.as_deref();
        let counts_as = replaced.map_or(Ok(id), str::parse);
        let mut limits =
            limits::read(&wallet.record.limits, Owner::User, venue).map_err(|_| unreadable())?;
        let managed = limits::read(&wallet.record.managed, Owner::Manager, venue);
        limits.extend(managed.map_err(|_| unreadable())?);
        Ok(Some(WalletEntry {
            id,
            counts_as: counts_as.map_err(|_| unreadable())?,
            user,
            tier: owner.and_then(|user| user.record.tier),
            venue,
            address,
            key: Arc::new(key),
            status: wallet.record.status,
            limits,
            grants: grants
                .into_iter()
                .map(|grant| grant.record)
                .filter(|grant| grant.revoked_at.is_none())
                .collect(),
            outdated: AtomicBool::new(false),
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<WalletId, Arc<WalletEntry>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
