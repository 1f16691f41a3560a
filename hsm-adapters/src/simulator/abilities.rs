//! The simulator's optional abilities.

use std::sync::Arc;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::Simulator;
use super::backend::fill;
use super::faults::Operation;
use super::opener::Opener;
use super::sealed;
use super::signer::Signer;
use super::token::{Held, no_key};
use crate::attributes::{Attributes, KeyKind, SecretUse};
use crate::backend::{Envelope, KeyAdmin, KeyWrap, Mac, MonotonicAnchor, ResidentKey, StoredKey};
use crate::capabilities::KeyTypes;
use crate::error::Error;
use crate::key::{KeyId, KeyType, PublicKey};
use crate::role::KeyRole;

impl Simulator {
    fn private(&self) -> Result<Zeroizing<[u8; 32]>, Error> {
        let mut private = Zeroizing::new([0; 32]);
        fill(private.as_mut_slice())?;
        Ok(private)
    }

    fn store(
        &self,
        role: KeyRole,
        aad: &[u8],
        key_type: KeyType,
        private: &Zeroizing<[u8; 32]>,
    ) -> Result<StoredKey, Error> {
        let public = Signer::new(key_type, private)?.public;
        let blob = sealed::seal(&*self.token.secret(role)?, aad, private)?.into();
        Ok(StoredKey { blob, public })
    }
}

fn require(types: KeyTypes, key_type: KeyType) -> Result<(), Error> {
    if types.contains(key_type) {
        return Ok(());
    }
    Err(Error::refused(
        "generating a key",
        format!("this token cannot do that with {key_type} keys"),
        "choose another custody for this key type",
    ))
}

impl KeyAdmin for Simulator {
    fn generate(&mut self, id: &KeyId, label: &str, key_type: KeyType) -> Result<PublicKey, Error> {
        self.token.run(Operation::Generate, || {
            require(self.token.options.sign, key_type)?;
            let signer = Arc::new(Signer::new(key_type, &self.private()?)?);
            let public = signer.public.clone();
            self.token
                .add(id, label, KeyKind::Pair(key_type), Held::Pair(signer))?;
            Ok(public)
        })
    }

    fn generate_secret(&mut self, id: &KeyId, label: &str, usage: SecretUse) -> Result<(), Error> {
        self.token.run(Operation::GenerateSecret, || {
            self.token.add(
                id,
                label,
                KeyKind::Secret(usage),
                Held::Secret(self.private()?),
            )
        })
    }

    fn generate_import(&mut self, id: &KeyId, label: &str) -> Result<(), Error> {
        self.token.run(Operation::GenerateImport, || {
            let key = Arc::new(Opener::generate()?);
            self.token
                .add(id, label, KeyKind::Import, Held::Import(key))
        })
    }

    fn import(
        &mut self,
        id: &KeyId,
        label: &str,
        key_type: KeyType,
        private: Zeroizing<[u8; 32]>,
    ) -> Result<PublicKey, Error> {
        self.token.run(Operation::Import, || {
            require(self.token.capabilities.import, key_type)?;
            let signer = Arc::new(Signer::new(key_type, &private)?);
            let public = signer.public.clone();
            self.token
                .add(id, label, KeyKind::Pair(key_type), Held::Pair(signer))?;
            self.token.made_outside(id);
            Ok(public)
        })
    }

    fn find(&mut self, label: &str) -> Result<Vec<ResidentKey>, Error> {
        self.token.run(Operation::Find, || {
            let state = self.token.state();
            let labelled = state.resident.iter().filter(|(_, key)| key.label == label);
            Ok(labelled
                .map(|(id, key)| ResidentKey {
                    id: *id,
                    label: key.label.clone(),
                    attributes: key.attributes.clone(),
                    public: match &key.held {
                        Held::Pair(signer) => Some(signer.public.clone()),
                        Held::Secret(_) | Held::Import(_) => None,
                    },
                    loose: Vec::new(),
                })
                .collect())
        })
    }

    fn pairs(&mut self, label_prefix: &str) -> Result<Vec<KeyId>, Error> {
        self.token.run(Operation::Find, || {
            let state = self.token.state();
            let pairs = state.resident.iter().filter(|(_, key)| {
                matches!(key.held, Held::Pair(_)) && key.label.starts_with(label_prefix)
            });
            Ok(pairs.map(|(id, _)| *id).collect())
        })
    }

    fn attributes(&mut self, id: &KeyId) -> Result<Attributes, Error> {
        self.token.run(Operation::Attributes, || {
            let state = self.token.state();
            let found = state.resident.get(id).map(|key| key.attributes.clone());
            found.ok_or_else(|| no_key(&format!("key with id {id}")))
        })
    }

    fn destroy(&mut self, id: &KeyId) -> Result<(), Error> {
        self.token.run(Operation::Destroy, || {
            if KeyRole::of(id).is_some() {
                return Err(Error::refused(
                    "destroying a key",
                    "it was made not to be destroyed",
                    "initialise the token again, which destroys everything on it",
                ));
            }
            let gone = self.token.state().resident.remove(id);
            gone.map(|_| ())
                .ok_or_else(|| no_key(&format!("key with id {id}")))
        })
    }
}

impl KeyWrap for Simulator {
    fn generate_wrapped(&mut self, key_type: KeyType) -> Result<StoredKey, Error> {
        self.token.run(Operation::WrapGenerate, || {
            require(self.token.options.wrap, key_type)?;
            let aad = sealed::wrapped_aad(key_type);
            self.store(KeyRole::Wrapping, &aad, key_type, &self.private()?)
        })
    }

    fn prove(&mut self) -> Result<(), Error> {
        self.token.run(Operation::WrapProve, || {
            self.token.secret(KeyRole::Wrapping)?;
            if self.token.options.lax_unwrap_template {
                return Err(Error::broken(
                    "proving the wrapping key",
                    "the token opened a wrapped key as extractable",
                    "do not use this token for custody `wrapped`",
                ));
            }
            Ok(())
        })
    }
}

impl Envelope for Simulator {
    fn generate(&mut self, id: &KeyId, key_type: KeyType) -> Result<StoredKey, Error> {
        self.token.run(Operation::EnvelopeGenerate, || {
            require(self.token.capabilities.envelope, key_type)?;
            let aad = sealed::envelope_aad(id, key_type);
            self.store(KeyRole::Envelope, &aad, key_type, &self.private()?)
        })
    }

    fn seal(
        &mut self,
        id: &KeyId,
        key_type: KeyType,
        private: Zeroizing<[u8; 32]>,
    ) -> Result<StoredKey, Error> {
        self.token.run(Operation::EnvelopeSeal, || {
            require(self.token.capabilities.envelope, key_type)?;
            let aad = sealed::envelope_aad(id, key_type);
            self.store(KeyRole::Envelope, &aad, key_type, &private)
        })
    }
}

impl Mac for Simulator {
    fn mac(&mut self, data: &[u8]) -> Result<[u8; 32], Error> {
        self.token.run(Operation::Mac, || {
            let secret = self.token.secret(KeyRole::RowMac)?;
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()), data);
            tag.as_ref().try_into().map_err(|_| {
                Error::broken("making a mac", "it has the wrong length", "report this")
            })
        })
    }
}

impl MonotonicAnchor for Simulator {
    fn read(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.token.run(Operation::AnchorRead, || {
            Ok(self.token.state().anchor.clone())
        })
    }

    fn write(&mut self, value: &[u8]) -> Result<(), Error> {
        self.token.run(Operation::AnchorWrite, || {
            self.token.state().anchor = Some(value.to_vec());
            Ok(())
        })
    }
}
