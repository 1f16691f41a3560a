//! Handles of the appliance's own secret keys and of its import key, each found once per login.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::codes::{Failure, Recovery};
use super::objects::{by_id, only};
use super::shared::Shared;
use crate::attributes::KeyKind;
use crate::role::KeyRole;

#[derive(Default)]
pub(super) struct Roles(Mutex<HashMap<KeyRole, (ObjectHandle, u64)>>);

impl Roles {
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyRole, (ObjectHandle, u64)>> {
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

impl Shared {
    /// Runs `act` with the secret or private key of `role`; forgets its handle if that turns out stale.
    pub(super) fn with_role<T>(
        &self,
        session: &Session,
        role: KeyRole,
        act: impl FnOnce(ObjectHandle) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let handle = self.role(session, role)?;
        act(handle).inspect_err(|failure| {
            if failure.recovery == Recovery::Handle {
                self.roles.lock().remove(&role);
            }
        })
    }

    fn role(&self, session: &Session, role: KeyRole) -> Result<ObjectHandle, Failure> {
        let generation = self.generation();
        if let Some((handle, of)) = self.roles.lock().get(&role)
            && *of == generation
        {
            return Ok(*handle);
        }
        let [class, token, id] = by_id(class_of(role), &role.id());
        let template = [class, token, id, Attribute::Label(role.label().into())];
        let found = only(self, session, &template, role.label());
        let handle = found.map_err(|failure| self.missed(failure, self.knows(role)))?;
        self.witnessed(role);
        self.roles.lock().insert(role, (handle, generation));
        Ok(handle)
    }
}
