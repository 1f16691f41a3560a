//! From a key reference to a handle that signs with it.

use std::sync::Arc;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectClass;
use cryptoki::session::Session;

use super::codes::{Failure, harmless};
use super::envelope;
use super::handles::{Handles, Ready};
use super::objects::only;
use super::shared::Shared;
use super::sign::raw_sign;
use super::templates::by_id;
use super::templates::opened;
use crate::backend::{KeyRef, Material};
use crate::error::{Consequence, Error};
use crate::key::PublicKey;
use crate::role::KeyRole;
use crate::software::{challenge, verifies};

/// Off means that no key bytes come into this process, of whichever wallet.
fn turned_off() -> Error {
    Error::refused(
        "opening a key",
        "it is in envelope custody, which is turned off",
        "set `custody.envelope = true` if key bytes may pass through this process",
    )
}

impl Shared {
    /// The handle for `key`: from the cache, or found or opened now and proved to belong to
    /// `key.public` before it is kept.
    pub(super) fn ready(&self, session: &Session, key: &KeyRef) -> Result<Arc<Ready>, Failure> {
        if let Some(ready) = self.handles.get(&key.id, &key.public, self.generation()) {
            return Ok(ready);
        }
        let ready = match &key.material {
            Material::Resident => self.resident(session, key)?,
            Material::Wrapped(blob) => {
                proved(session, key, self.unwrap(session, blob, &key.public)?)?
            }
            Material::Envelope(_) if !self.config.envelope => return Err(turned_off().into()),
            // Its public key was derived from the private bytes; a signature would say no more.
            Material::Envelope(blob) => envelope::open(self, session, key, blob)?,
        };
        self.handles.keep(key.id, Arc::clone(&ready));
        Ok(ready)
    }

    /// From the index first; what it does not have, or has wrongly, is searched for.
    fn resident(&self, session: &Session, key: &KeyRef) -> Result<Arc<Ready>, Failure> {
        let generation = self.generation();
        let indexed = {
            let _searching = self.searching();
            self.indexed(session, &key.id)?
        };
        if let Some(handle) = indexed {
            let ready = Handles::resident(handle, generation, &key.public);
            if let Ok(ready) = proved(session, key, ready) {
                return Ok(self.met(key, ready));
            }
            self.index.forget(&key.id);
        }
        self.searched(session, key, generation)
    }

    fn searched(
        &self,
        session: &Session,
        key: &KeyRef,
        generation: u64,
    ) -> Result<Arc<Ready>, Failure> {
        let template = by_id(ObjectClass::PRIVATE_KEY, &key.id);
        let what = format!("private key with id {}", key.id);
        let found = only(self, session, &template, &what);
        let handle =
            found.map_err(|failure| self.missed(failure, self.handles.was_seen(&key.id)))?;
        let ready = Handles::resident(handle, generation, &key.public);
        Ok(self.met(key, proved(session, key, ready)?))
    }

    fn met(&self, key: &KeyRef, ready: Arc<Ready>) -> Arc<Ready> {
        if let Some(role) = KeyRole::of(&key.id) {
            self.witnessed(role);
        }
        ready
    }

    /// A key that is not to be seen: the truth about the token, unless it was there `before`. Where one
    /// of the appliance's own that was there is gone as well, nothing is known about this one. The
    /// caller is inside and holds no lock.
    pub(super) fn missed(&self, failure: Failure, before: bool) -> Failure {
        if failure.error.consequence() != Consequence::Refused {
            return failure;
        }
        match self.sight() {
            Ok(()) if before => failure.suspicious(),
            Ok(()) => failure,
            Err(away) => away.suspicious(),
        }
    }

    fn unwrap(
        &self,
        session: &Session,
        blob: &[u8],
        public: &PublicKey,
    ) -> Result<Arc<Ready>, Failure> {
        let template = opened(public.key_type());
        self.with_role(session, KeyRole::Wrapping, |wrapping| {
            self.on_holder(|holder, generation| {
                let handle = holder
                    .unwrap_key(&Mechanism::AesKeyWrapPad, wrapping, blob, &template)
                    .map_err(|e| harmless("unwrapping a key").failed(e))?;
                Ok(self.handles.opened(handle, generation, public))
            })
        })
    }
}

/// Signs a challenge and checks it with the public key the caller knows.
fn proved(session: &Session, key: &KeyRef, ready: Arc<Ready>) -> Result<Arc<Ready>, Failure> {
    let key_type = key.public.key_type();
    let input = challenge(key_type);
    let signature = raw_sign(
        session,
        ready.handle,
        key_type,
        &input,
        harmless("proving a key"),
    )?;
    if verifies(&key.public, &input, &signature) {
        return Ok(ready);
    }
    Err(Error::refused(
        "loading a signing key",
        format!(
            "key {} on the token has another public key than the one given",
            key.id
        ),
        "the stored wallet row does not belong to this token",
    )
    .into())
}
