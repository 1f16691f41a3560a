//! Keys on the token, looked up in what was read of it once per login.

use std::collections::HashMap;

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::codes::Failure;
use super::index::Known;
use super::objects::{all_locked, read};
use super::shared::Shared;
use crate::key::KeyId;

impl Shared {
    /// The handle of this key if the token had exactly one when it was read. The caller is inside and
    /// holds a lock of the objects.
    pub(super) fn indexed(
        &self,
        session: &Session,
        id: &KeyId,
    ) -> Result<Option<ObjectHandle>, Failure> {
        self.known(session, |keys| keys.get(id).copied().flatten())
    }

    /// Whether the token had a key with this id when it was read. As for [`Shared::indexed`].
    pub(super) fn holds_id(&self, session: &Session, id: &KeyId) -> Result<bool, Failure> {
        self.known(session, |keys| keys.contains_key(id))
    }

    fn known<T>(
        &self,
        session: &Session,
        ask: impl FnOnce(&HashMap<KeyId, Option<ObjectHandle>>) -> T,
    ) -> Result<T, Failure> {
        let generation = self.generation();
        let mut known = self.index.lock();
        if let Some(known) = known
            .as_ref()
            .filter(|known| known.generation == generation)
        {
            return Ok(ask(&known.keys));
        }
        let keys = read_all(self, session)?;
        let answer = ask(&keys);
        *known = Some(Known { generation, keys });
        Ok(answer)
    }
}

fn read_all(
    shared: &Shared,
    session: &Session,
) -> Result<HashMap<KeyId, Option<ObjectHandle>>, Failure> {
    let mut keys = HashMap::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        let template = [Attribute::Class(class), Attribute::Token(true)];
        for handle in all_locked(shared, session, &template)? {
            let told = read(session, handle, &[AttributeType::Id])?;
            let [Attribute::Id(bytes)] = told.as_slice() else {
                continue;
            };
            // Other programs' keys have ids of other lengths.
            if let Ok(id) = <[u8; 16]>::try_from(bytes.as_slice()) {
                keys.entry(KeyId::from_bytes(id))
                    .and_modify(|one| *one = None)
                    .or_insert(Some(handle));
            }
        }
    }
    Ok(keys)
}
