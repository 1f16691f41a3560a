//! What a simulated token holds.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use zeroize::Zeroizing;

use super::faults::{FaultPlan, Operation};
use super::opener::Opener;
use super::sealed;
use super::signer::Signer;
use super::{Options, made};
use crate::attributes::{Attributes, Flag, KeyKind};
use crate::backend::{KeyRef, Material};
use crate::capabilities::{Capabilities, KeyTypes};
use crate::error::Error;
use crate::key::{KeyId, KeyType, PublicKey};
use crate::role::KeyRole;

const OPENED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1023);

pub(super) enum Held {
    Pair(Arc<Signer>),
    Import(Arc<Opener>),
    Secret(Zeroizing<[u8; 32]>),
}

pub(super) struct Resident {
    pub(super) label: String,
    pub(super) attributes: Attributes,
    pub(super) held: Held,
}

pub(super) struct State {
    pub(super) resident: BTreeMap<KeyId, Resident>,
    pub(super) anchor: Option<Vec<u8>>,
    opened: LruCache<KeyId, Arc<Signer>>,
}

pub(super) struct Token {
    pub(super) options: Options,
    pub(super) capabilities: Capabilities,
    pub(super) faults: FaultPlan,
    state: Mutex<State>,
}

impl Token {
    pub(super) fn new(options: Options) -> Self {
        let capabilities = Capabilities {
            module: "simulator".into(),
            module_version: env!("CARGO_PKG_VERSION").into(),
            model: "simulator".into(),
            serial: "0".into(),
            firmware: env!("CARGO_PKG_VERSION").into(),
            sign: options.sign,
            wrap: options.wrap,
            envelope: if options.envelope {
                options.sign
            } else {
                KeyTypes::default()
            },
            import: if options.import {
                options.sign
            } else {
                KeyTypes::default()
            },
            mac: true,
            anchor: true,
        };
        let state = State {
            resident: BTreeMap::new(),
            anchor: None,
            opened: LruCache::new(OPENED),
        };
        Self {
            options,
            capabilities,
            faults: FaultPlan::default(),
            state: Mutex::new(state),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn run<T>(
        &self,
        operation: Operation,
        act: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.faults.run(operation, act, |value| value)
    }

    /// Adds a resident key unless its id is taken.
    pub(super) fn add(
        &self,
        id: &KeyId,
        label: &str,
        kind: KeyKind,
        held: Held,
    ) -> Result<(), Error> {
        let mut state = self.state();
        if state.resident.contains_key(id) {
            return Err(Error::refused(
                "generating a key",
                format!("the token already holds a key with id {id}"),
                "use another id, or destroy that key first",
            ));
        }
        let attributes = made(&self.options, kind);
        state.resident.insert(
            *id,
            Resident {
                label: label.into(),
                attributes,
                held,
            },
        );
        Ok(())
    }

    pub(super) fn pair(&self, id: &KeyId) -> Result<Arc<Signer>, Error> {
        match self.state().resident.get(id).map(|resident| &resident.held) {
            Some(Held::Pair(signer)) => Ok(Arc::clone(signer)),
            Some(Held::Secret(_) | Held::Import(_)) | None => {
                Err(no_key(&format!("key pair with id {id}")))
            }
        }
    }

    pub(super) fn secret(&self, role: KeyRole) -> Result<Zeroizing<[u8; 32]>, Error> {
        match self
            .state()
            .resident
            .get(&role.id())
            .map(|resident| &resident.held)
        {
            Some(Held::Secret(secret)) => Ok(secret.clone()),
            Some(Held::Pair(_) | Held::Import(_)) | None => Err(no_key(role.label())),
        }
    }

    /// Marks a resident key as one that was not made in the token.
    pub(super) fn made_outside(&self, id: &KeyId) {
        if let Some(key) = self.state().resident.get_mut(id) {
            for flag in [Flag::Local, Flag::AlwaysSensitive, Flag::NeverExtractable] {
                key.attributes.flags.insert(flag, false);
            }
        }
    }

    /// The private key of `key`, which must have its public key.
    pub(super) fn signer(&self, key: &KeyRef) -> Result<Arc<Signer>, Error> {
        if let Some(opened) = self.state().opened.get(&key.id)
            && opened.public == key.public
            && key.material != Material::Resident
        {
            return Ok(Arc::clone(opened));
        }
        let key_type = key.public.key_type();
        let signer = match &key.material {
            Material::Resident => self.pair(&key.id)?,
            Material::Wrapped(blob) => {
                let aad = sealed::wrapped_aad(key_type);
                self.open(KeyRole::Wrapping, &aad, blob, key_type)?
            }
            Material::Envelope(_) if !self.options.envelope => {
                return Err(Error::refused(
                    "opening a key",
                    "it is in envelope custody, which is turned off",
                    "set `custody.envelope = true` if key bytes may pass through this process",
                ));
            }
            Material::Envelope(blob) => {
                let aad = sealed::envelope_aad(&key.id, key_type);
                self.open(KeyRole::Envelope, &aad, blob, key_type)?
            }
        };
        check(&signer.public, key)?;
        if key.material != Material::Resident {
            self.state().opened.put(key.id, Arc::clone(&signer));
        }
        Ok(signer)
    }

    fn open(
        &self,
        role: KeyRole,
        aad: &[u8],
        blob: &[u8],
        key_type: KeyType,
    ) -> Result<Arc<Signer>, Error> {
        let private = sealed::open(&*self.secret(role)?, aad, blob)?;
        Signer::new(key_type, &private).map(Arc::new)
    }
}

fn check(public: &PublicKey, key: &KeyRef) -> Result<(), Error> {
    if *public == key.public {
        return Ok(());
    }
    Err(Error::refused(
        "loading a signing key",
        format!(
            "key {} on the token has another public key than the one given",
            key.id
        ),
        "the stored wallet row does not belong to this token",
    ))
}

pub(super) fn no_key(what: &str) -> Error {
    Error::refused(
        "looking for a key",
        format!("the token holds no {what}"),
        "check that this is the right token, and that `countersignd init` was run on it",
    )
}
