//! Keys that are ready to sign: a bounded, least-recently-used set of object handles.
//!
//! A handle in use is never destroyed: users hold it by reference count, and what is evicted
//! goes to the graveyard when the last of them lets go. Session objects are destroyed from
//! there by whichever worker comes by next.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use lru::LruCache;

use crate::key::{KeyId, PublicKey};

type Graveyard = Arc<Mutex<Vec<(ObjectHandle, u64)>>>;

/// A private key object whose public key was checked.
pub(super) struct Ready {
    pub(super) handle: ObjectHandle,
    generation: u64,
    public: PublicKey,
    graveyard: Option<Graveyard>,
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(graveyard) = &self.graveyard {
            lock(graveyard).push((self.handle, self.generation));
        }
    }
}

pub(super) struct Handles {
    ready: Mutex<LruCache<KeyId, Arc<Ready>>>,
    /// Resident keys that were there before, over all logins.
    seen: Mutex<LruCache<KeyId, ()>>,
    graveyard: Graveyard,
}

impl Handles {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self {
            ready: Mutex::new(LruCache::new(capacity)),
            seen: Mutex::new(LruCache::new(capacity)),
            graveyard: Graveyard::default(),
        }
    }

    /// The handle for `id`, if it is of this generation and of this public key.
    pub(super) fn get(
        &self,
        id: &KeyId,
        public: &PublicKey,
        generation: u64,
    ) -> Option<Arc<Ready>> {
        let mut ready = lock(&self.ready);
        let found = ready.get(id)?;
        (found.generation == generation && found.public == *public).then(|| Arc::clone(found))
    }

    /// Takes charge of a token object's handle.
    pub(super) fn resident(
        handle: ObjectHandle,
        generation: u64,
        public: &PublicKey,
    ) -> Arc<Ready> {
        Arc::new(Ready {
            handle,
            generation,
            public: public.clone(),
            graveyard: None,
        })
    }

    /// Takes charge of a session object: it is destroyed after its last use.
    pub(super) fn opened(
        &self,
        handle: ObjectHandle,
        generation: u64,
        public: &PublicKey,
    ) -> Arc<Ready> {
        let graveyard = Some(Arc::clone(&self.graveyard));
        Arc::new(Ready {
            handle,
            generation,
            public: public.clone(),
            graveyard,
        })
    }

    /// Whether the token showed this resident key before.
    pub(super) fn was_seen(&self, id: &KeyId) -> bool {
        lock(&self.seen).contains(id)
    }

    /// A key that is about to be destroyed is not missed afterwards.
    pub(super) fn give_up(&self, id: &KeyId) {
        self.forget(id);
        lock(&self.seen).pop(id);
    }

    pub(super) fn keep(&self, id: KeyId, ready: Arc<Ready>) {
        if ready.graveyard.is_none() {
            lock(&self.seen).put(id, ());
        }
        let evicted = lock(&self.ready).push(id, ready);
        drop(evicted);
    }

    pub(super) fn forget(&self, id: &KeyId) {
        let gone = lock(&self.ready).pop(id);
        drop(gone);
    }

    pub(super) fn clear(&self) {
        lock(&self.ready).clear();
    }

    /// Destroys what nobody uses any more. What belongs to a lost login is gone already, and its
    /// handle may mean another object by now.
    pub(super) fn bury(&self, session: &Session, generation: u64) {
        let dead = std::mem::take(&mut *lock(&self.graveyard));
        for (handle, _) in dead.into_iter().filter(|(_, of)| *of == generation) {
            // An object that cannot be destroyed goes with the process at the latest.
            let _ = session.destroy_object(handle);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
