//! Handles of the appliance's own keys, each found once per login.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::object::{ObjectClass, ObjectHandle};

use crate::attributes::KeyKind;
use crate::role::KeyRole;

#[derive(Default)]
pub(super) struct Roles(Mutex<HashMap<KeyRole, (ObjectHandle, u64)>>);

impl Roles {
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<KeyRole, (ObjectHandle, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The class of a role's secret or private key.
pub(super) fn class_of(role: KeyRole) -> ObjectClass {
    match role.kind() {
        KeyKind::Secret(_) => ObjectClass::SECRET_KEY,
        KeyKind::Pair(_) | KeyKind::Import => ObjectClass::PRIVATE_KEY,
    }
}
