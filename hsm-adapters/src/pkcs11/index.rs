//! Which keys are on the token, read in one pass per login.
//!
//! A search costs tokens time for every object they hold (SoftHSM2 2.6.1: 20 to 70 µs), so that making
//! the thousandth key, or signing with it first, took longer than the first. What is here is a hint: a
//! handle is proved before it is kept, and a key that is missing here is searched for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::object::ObjectHandle;

use crate::key::KeyId;

#[derive(Default)]
pub(super) struct Index(Mutex<Option<Known>>);

pub(super) struct Known {
    pub(super) generation: u64,
    /// The private or secret key with this id; `None` where there are several.
    pub(super) keys: HashMap<KeyId, Option<ObjectHandle>>,
}

impl Index {
    pub(super) fn lock(&self) -> MutexGuard<'_, Option<Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a key just made under this login.
    pub(super) fn add(&self, id: KeyId, handle: ObjectHandle, generation: u64) {
        let mut known = self.lock();
        if let Some(known) = known
            .as_mut()
            .filter(|known| known.generation == generation)
        {
            known.keys.insert(id, Some(handle));
        }
    }

    /// Forgets a key that was destroyed, or whose handle means nothing any more.
    pub(super) fn forget(&self, id: &KeyId) {
        if let Some(known) = self.lock().as_mut() {
            known.keys.remove(id);
        }
    }
}
