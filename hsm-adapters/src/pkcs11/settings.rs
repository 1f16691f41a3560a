//! What a configuration says of a token.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::Pkcs11Device;
use super::config::Config;
use crate::backend::Device;
use crate::error::Error;
use crate::opening::Opening;

/// One token of one PKCS#11 module.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The vendor's module (shared library).
    pub module: PathBuf,
    /// Label of the token.
    pub token: String,
    /// Serial number of the token, where labels are not unique.
    #[serde(default)]
    pub serial: Option<String>,
}

impl Settings {
    pub(crate) fn open(&self, opening: Opening) -> Result<Arc<dyn Device>, Error> {
        let device = Pkcs11Device::open(Config {
            module: self.module.clone(),
            token_label: self.token.clone(),
            token_serial: self.serial.clone(),
            pin: opening.pin,
            spend_low_pin: opening.spend_low_pin,
            envelope: opening.envelope,
            import: opening.import,
            cache_size: opening.unlocked_keys,
        })?;
        Ok(Arc::new(device))
    }
}
