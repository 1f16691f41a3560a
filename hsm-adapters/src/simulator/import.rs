//! The simulator's import key.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey,
    PublicKeyComponents,
};
use aws_lc_rs::signature::KeyPair as _;
use zeroize::Zeroizing;

use super::Simulator;
use super::faults::Operation;
use super::token::{Held, no_key};
use crate::backend::KeyImport;
use crate::error::Error;
use crate::import::ImportKey;
use crate::role::KeyRole;

/// The RSA pair.
pub(super) struct Opener {
    private: OaepPrivateDecryptingKey,
    public: ImportKey,
}

impl Opener {
    pub(super) fn generate() -> Result<Self, Error> {
        let failed = || Error::broken("generating a key", "it failed", "report this");
        let pair = KeyPair::generate(KeySize::Rsa3072).map_err(|_| failed())?;
        let parts: PublicKeyComponents<Vec<u8>> = pair.public_key().into();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| failed())?;
        let private = PrivateDecryptingKey::from_pkcs8(der.as_ref()).map_err(|_| failed())?;
        Ok(Self {
            private: OaepPrivateDecryptingKey::new(private).map_err(|_| failed())?,
            public: ImportKey::new(parts.n, parts.e)?,
        })
    }

    fn open(&self, sealed: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let mut opened = Zeroizing::new(vec![0; self.private.min_output_size()]);
        let opened = self
            .private
            .decrypt(&OAEP_SHA1_MGF1SHA1, sealed, &mut opened, None);
        <[u8; 32]>::try_from(&*opened.ok()?)
            .ok()
            .map(Zeroizing::new)
    }
}

impl Simulator {
    fn opener(&self) -> Result<Arc<Opener>, Error> {
        let role = KeyRole::Import;
        let state = self.token.state();
        match state.resident.get(&role.id()).map(|key| &key.held) {
            Some(Held::Import(opener)) => Ok(Arc::clone(opener)),
            Some(Held::Pair(_) | Held::Secret(_)) | None => Err(no_key(role.label())),
        }
    }
}

impl KeyImport for Simulator {
    fn public(&mut self) -> Result<ImportKey, Error> {
        self.token.run(Operation::ImportPublic, || {
            Ok(self.opener()?.public.clone())
        })
    }

    fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
        self.token.run(Operation::ImportOpen, || {
            self.opener()?.open(sealed).ok_or_else(|| {
                Error::refused(
                    "opening a sealed key",
                    "it was not sealed to this token's import key, or was altered",
                    "fetch the import key again and seal anew",
                )
            })
        })
    }
}
