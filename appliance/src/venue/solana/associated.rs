//! Associated token accounts that were derived for earlier requests.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_decode::solana::{Associated, Candidate, Memo};
use lru::LruCache;

/// Pairs of wallet and mint kept at once; about 7 MiB.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8_191);

/// Those of the pairs that were used last. Bots trade the same few mints over and over.
#[derive(Debug)]
pub struct AssociatedAccounts(Mutex<LruCache<Candidate, Arc<Associated>>>);

impl Default for AssociatedAccounts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl AssociatedAccounts {
    fn kept(&self) -> MutexGuard<'_, LruCache<Candidate, Arc<Associated>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memo for AssociatedAccounts {
    fn recall(&self, candidate: &Candidate) -> Option<Arc<Associated>> {
        self.kept().get(candidate).cloned()
    }

    fn keep(&self, associated: &Arc<Associated>) {
        let kept = Arc::clone(associated);
        let _oldest = self.kept().put(*associated.of(), kept);
    }
}
