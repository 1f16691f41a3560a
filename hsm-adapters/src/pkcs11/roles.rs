//! The appliance's own secret keys and its import key at work.

use cryptoki::object::{Attribute, ObjectHandle};
use cryptoki::session::Session;

use super::codes::{Failure, Recovery};
use super::objects::only;
use super::role_handles::class_of;
use super::shared::Shared;
use super::templates::by_id;
use crate::role::KeyRole;

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
