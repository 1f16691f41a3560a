//! PKCS#11 modules (OASIS PKCS#11 v3.1) through the `cryptoki` binding.
//!
//! The shape, and why:
//! * one context per process, initialised with OS locking; it is finalised and initialised again
//!   only by the breaker ([`mend`]), when the module lost its view of the token and nobody is inside;
//! * one *holder* session keeps the login alive and owns the session objects of opened keys;
//! * each worker thread has its own session, dropped after any error that could leave an
//!   operation active in it;
//! * the login has a generation; when it is lost (token pulled, someone logged out) the first
//!   worker to notice logs in again, the generation grows, and every cached handle with it dies;
//! * a wrong PIN is never tried twice;
//! * nor is the PIN given to another token than the first, or where tries are running out;
//! * nothing is searched on the signing path: a hot key costs one `C_SignInit` and `C_Sign`.

mod admin;
mod anchor;
mod breaker;
mod codes;
mod config;
mod envelope;
mod handles;
mod import;
mod index;
mod leave;
mod lookup;
mod mac;
mod made;
mod mend;
mod module;
mod objects;
mod probe;
mod raw;
mod role_handles;
mod roles;
mod settings;
mod shared;
mod sign;
mod templates;
mod unlock;
mod worker;
mod wrap;

use std::sync::Arc;

use crate::backend::{
    Backend, Device, Envelope, KeyAdmin, KeyImport, KeyWrap, Mac, MonotonicAnchor,
};
use crate::capabilities::Capabilities;
use crate::error::Error;

use codes::Failure;
pub use config::Config;
pub use leave::leave;
use module::Module;
pub use settings::Settings;
use shared::Shared;
use worker::Worker;

/// One token of a PKCS#11 module.
pub struct Pkcs11Device {
    shared: Arc<Shared>,
}

impl Pkcs11Device {
    /// Loads the module, finds the token, logs in, and probes what it can do.
    ///
    /// # Errors
    /// [`Error::Broken`] when the module does not load or the PIN is refused;
    /// [`Error::NotSent`] when the token is not there; [`Error::Refused`] when the configuration
    /// fits two tokens.
    pub fn open(config: Config) -> Result<Self, Error> {
        let opened = || -> Result<Shared, Failure> {
            let module = Module::load(&config.module)?;
            let (mut shared, token) = Shared::open(config, module)?;
            shared.capabilities = probe::probe(&shared, &token)?;
            Ok(shared)
        };
        let shared = opened().map_err(|failure| failure.error)?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    fn worker(&self, read_write: bool) -> Box<Worker> {
        Box::new(Worker::new(Arc::clone(&self.shared), read_write))
    }
}

impl Device for Pkcs11Device {
    fn restarts(&self) -> u64 {
        self.shared.mender.starts()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.shared.capabilities
    }

    fn connect(&self) -> Result<Box<dyn Backend>, Error> {
        let mut worker = self.worker(false);
        worker.ping()?;
        Ok(worker)
    }

    fn key_admin(&self) -> Option<Box<dyn KeyAdmin>> {
        Some(self.worker(true))
    }

    fn key_wrap(&self) -> Option<Box<dyn KeyWrap>> {
        if self.shared.capabilities.wrap.is_empty() {
            None
        } else {
            Some(self.worker(false))
        }
    }

    fn envelope(&self) -> Option<Box<dyn Envelope>> {
        if self.shared.capabilities.envelope.is_empty() {
            None
        } else {
            Some(self.worker(false))
        }
    }

    fn key_import(&self) -> Option<Box<dyn KeyImport>> {
        if self.shared.config.import {
            Some(self.worker(false))
        } else {
            None
        }
    }

    fn mac(&self) -> Option<Box<dyn Mac>> {
        if self.shared.capabilities.mac {
            Some(self.worker(false))
        } else {
            None
        }
    }

    fn anchor(&self) -> Option<Box<dyn MonotonicAnchor>> {
        if self.shared.capabilities.anchor {
            Some(self.worker(true))
        } else {
            None
        }
    }
}
