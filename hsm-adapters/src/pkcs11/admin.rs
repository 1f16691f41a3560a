//! Making, inspecting and destroying resident keys.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::codes::{Failure, lasting};
use super::made::{destroy, firmly, kept};
use super::objects::{
    all, all_locked, key_id, loose_public, one, only, read_key, read_name, read_public,
};
use super::shared::Shared;
use super::templates::by_id;
use super::templates::{
    import_pair, key_pair_generation, resident_pair, secret, secret_generation,
};
use super::worker::Worker;
use super::{import, raw};
use crate::attributes::{Attributes, KeyKind, SecretUse};
use crate::backend::{KeyAdmin, ResidentKey};
use crate::error::Error;
use crate::key::{KeyId, KeyType, PublicKey};

const KEY_CLASSES: [ObjectClass; 2] = [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY];

impl KeyAdmin for Worker {
    fn generate(&mut self, id: &KeyId, label: &str, key_type: KeyType) -> Result<PublicKey, Error> {
        self.run(|shared, session| {
            let _changing = shared.changing();
            refuse_taken(shared, session, id)?;
            let made = firmly(|fixed| {
                let (public, private) = resident_pair(id, label, key_type, fixed);
                session
                    .generate_key_pair(&key_pair_generation(key_type), &public, &private)
                    .map_err(|e| lasting("generating a key pair").failed(e))
            })?;
            kept(shared, session, id, made, None)
        })
    }

    fn generate_secret(&mut self, id: &KeyId, label: &str, usage: SecretUse) -> Result<(), Error> {
        self.run(|shared, session| {
            let _changing = shared.changing();
            refuse_taken(shared, session, id)?;
            firmly(|fixed| {
                let template = secret(usage, Some((id, label, fixed)));
                match usage {
                    SecretUse::Wrap => {
                        raw::generate_wrapping_key(&shared.config.module, session, &template)
                    }
                    SecretUse::Mac | SecretUse::Envelope => session
                        .generate_key(&secret_generation(usage), &template)
                        .map(|_| ()),
                }
                .map_err(|e| lasting("generating a secret key").failed(e))
            })
        })
    }

    fn generate_import(&mut self, id: &KeyId, label: &str) -> Result<(), Error> {
        self.run(|shared, session| {
            let _changing = shared.changing();
            refuse_taken(shared, session, id)?;
            firmly(|fixed| {
                let (public, private) = import_pair(id, label, fixed);
                session
                    .generate_key_pair(&Mechanism::RsaPkcsKeyPairGen, &public, &private)
                    .map(|_| ())
                    .map_err(|e| lasting("generating the import key").failed(e))
            })
        })
    }

    fn import(
        &mut self,
        id: &KeyId,
        label: &str,
        key_type: KeyType,
        private: Zeroizing<[u8; 32]>,
    ) -> Result<PublicKey, Error> {
        self.run(|shared, session| {
            let _changing = shared.changing();
            refuse_taken(shared, session, id)?;
            forget_publics(shared, session, id)?;
            import::keep(shared, session, (id, label), key_type, &private)
        })
    }

    fn find(&mut self, label: &str) -> Result<Vec<ResidentKey>, Error> {
        self.run(|shared, session| {
            let mut found = Vec::new();
            for class in KEY_CLASSES {
                let template = [
                    Attribute::Class(class),
                    Attribute::Token(true),
                    Attribute::Label(label.into()),
                ];
                for handle in all(shared, session, &template)? {
                    let mut key = read_key(session, handle)?;
                    if matches!(key.attributes.kind, KeyKind::Pair(_)) {
                        let public = public_half(shared, session, &key.id)?;
                        key.public = Some(read_public(session, public)?);
                        key.loose.extend(loose_public(session, public)?);
                    }
                    found.push(key);
                }
            }
            Ok(found)
        })
    }

    fn pairs(&mut self, label_prefix: &str) -> Result<Vec<KeyId>, Error> {
        self.run(|shared, session| {
            let template = [
                Attribute::Class(ObjectClass::PRIVATE_KEY),
                Attribute::Token(true),
            ];
            let mut found = Vec::new();
            for handle in all(shared, session, &template)? {
                let (id, label) = read_name(session, handle)?;
                if label.starts_with(label_prefix) {
                    found.push(key_id(&id, &label)?);
                }
            }
            Ok(found)
        })
    }

    fn attributes(&mut self, id: &KeyId) -> Result<Attributes, Error> {
        self.run(|shared, session| {
            let _searching = shared.searching();
            let handle = one(
                &private_or_secret(shared, session, id)?,
                &format!("key with id {id}"),
            )?;
            Ok(read_key(session, handle)?.attributes)
        })
    }

    fn destroy(&mut self, id: &KeyId) -> Result<(), Error> {
        self.run(|shared, session| {
            let _changing = shared.changing();
            let handle = one(
                &private_or_secret(shared, session, id)?,
                &format!("key with id {id}"),
            )?;
            shared.handles.give_up(id);
            shared.index.forget(id);
            forget_publics(shared, session, id)?;
            destroy(session, handle)
        })
    }
}

/// Public halves under this identifier; the caller holds the lock.
fn forget_publics(shared: &Shared, session: &Session, id: &KeyId) -> Result<(), Failure> {
    let publics = all_locked(shared, session, &by_id(ObjectClass::PUBLIC_KEY, id))?;
    publics
        .into_iter()
        .try_for_each(|object| destroy(session, object))
}

fn public_half(shared: &Shared, session: &Session, id: &KeyId) -> Result<ObjectHandle, Failure> {
    let template = by_id(ObjectClass::PUBLIC_KEY, id);
    let what = format!("public key with id {id}");
    only(shared, session, &template, &what)
}

/// The caller holds the lock.
fn private_or_secret(
    shared: &Shared,
    session: &Session,
    id: &KeyId,
) -> Result<Vec<ObjectHandle>, Failure> {
    let mut found = Vec::new();
    for class in KEY_CLASSES {
        found.extend(all_locked(shared, session, &by_id(class, id))?);
    }
    Ok(found)
}

fn refuse_taken(shared: &Shared, session: &Session, id: &KeyId) -> Result<(), Failure> {
    if !shared.holds_id(session, id)? || private_or_secret(shared, session, id)?.is_empty() {
        return Ok(());
    }
    Err(Error::refused(
        "generating a key",
        format!("the token already holds a key with id {id}"),
        "use another id, or destroy that key first",
    )
    .into())
}
