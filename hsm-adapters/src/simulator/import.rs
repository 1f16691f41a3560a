//! The simulator's import key.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::Simulator;
use super::faults::Operation;
use super::opener::Opener;
use super::token::{Held, no_key};
use crate::backend::KeyImport;
use crate::error::Error;
use crate::import::ImportKey;
use crate::role::KeyRole;

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
