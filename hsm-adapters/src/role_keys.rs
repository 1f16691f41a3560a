//! The appliance's own keys, by what they are for.

use std::collections::BTreeMap;

use crate::backend::{KeyRef, Material};
use crate::key::PublicKey;
use crate::role::KeyRole;

/// The appliance's own keys as found on the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleKeys(pub(crate) BTreeMap<KeyRole, Option<PublicKey>>);

impl RoleKeys {
    /// The roles that were found, in a fixed order.
    pub fn roles(&self) -> impl Iterator<Item = KeyRole> {
        self.0.keys().copied()
    }

    /// The reference to sign with, for the roles that sign and are there.
    #[must_use]
    pub fn signing(&self, role: KeyRole) -> Option<KeyRef> {
        let public = self.0.get(&role)?.clone()?;
        Some(KeyRef {
            id: role.id(),
            public,
            material: Material::Resident,
        })
    }
}
