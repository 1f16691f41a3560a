//! Making, inspecting and destroying resident keys.

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use zeroize::Zeroizing;

use super::codes::{Failure, Recovery, harmless, lasting};
use super::handles::Handles;
use super::objects::{
    all, all_locked, by_id, key_id, loose_public, one, only, read_key, read_name, read_public,
};
use super::shared::{Shared, not_kept};
use super::sign::raw_sign;
use super::templates::{
    Fixed, import_pair, key_pair_generation, resident_pair, secret, secret_generation,
};
use super::worker::Worker;
use super::{import, raw};
use crate::attributes::{Attributes, KeyKind, SecretUse};
use crate::backend::{KeyAdmin, ResidentKey};
use crate::error::{Consequence, Error};
use crate::key::{KeyId, KeyType, PublicKey};
use crate::software::{challenge, verifies};

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

/// Proves in a session of its own that the token has both halves, and remembers the private one as
/// ready to sign; takes back what is left of it where it has not. A module's success says that it took
/// them: on a full file system SoftHSM2 2.6.1 answers `CKR_OK` and leaves empty files. The caller
/// holds the lock.
pub(super) fn kept(
    shared: &Shared,
    session: &Session,
    id: &KeyId,
    (public, private): (ObjectHandle, ObjectHandle),
    expected: Option<&PublicKey>,
) -> Result<PublicKey, Failure> {
    let generation = shared.generation();
    let told = shared.afresh(|fresh| {
        let told = read_public(fresh, public)?;
        let input = challenge(told.key_type());
        let step = harmless("proving a key just made");
        let signature = raw_sign(fresh, private, told.key_type(), &input, step)?;
        let sound = verifies(&told, &input, &signature) && expected.is_none_or(|key| *key == told);
        Ok(sound.then_some(told))
    });
    if let Ok(Some(told)) = told {
        shared.index.add(*id, private, generation);
        let ready = Handles::resident(private, generation, &told);
        shared.handles.keep(*id, ready);
        return Ok(told);
    }
    // What is not there cannot be destroyed.
    let left = destroy(session, private).is_err_and(|failure| failure.recovery != Recovery::Handle);
    let _ = session.destroy_object(public);
    let lost = Failure::from(not_kept("making a key"));
    Err(if left { lost.after_acting() } else { lost })
}

/// Public halves under this identifier; the caller holds the lock.
fn forget_publics(shared: &Shared, session: &Session, id: &KeyId) -> Result<(), Failure> {
    let publics = all_locked(shared, session, &by_id(ObjectClass::PUBLIC_KEY, id))?;
    publics
        .into_iter()
        .try_for_each(|object| destroy(session, object))
}

fn destroy(session: &Session, object: ObjectHandle) -> Result<(), Failure> {
    session
        .destroy_object(object)
        .map_err(|e| lasting("destroying a key").failed(e))
}

fn public_half(shared: &Shared, session: &Session, id: &KeyId) -> Result<ObjectHandle, Failure> {
    let template = by_id(ObjectClass::PUBLIC_KEY, id);
    let what = format!("public key with id {id}");
    only(shared, session, &template, &what)
}

/// Makes a key as firmly fixed as tokens know, or loosely where this one refuses that.
pub(super) fn firmly<T>(make: impl Fn(Fixed) -> Result<T, Failure>) -> Result<T, Failure> {
    match make(Fixed::Firmly) {
        Err(failure) if failure.error.consequence() == Consequence::Refused => make(Fixed::Loosely),
        made => made,
    }
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
