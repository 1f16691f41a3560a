//! The module: loaded and initialised once per process, and the token found in it by name.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::slot::{Slot, TokenInfo};

use super::codes::{Failure, harmless};
use super::config::Config;
use crate::error::{Consequence, Error};

/// `C_Initialize` is per process. The modules stay loaded: finalising one while another thread
/// is inside it is undefined, and exiting does not need it.
static LOADED: Mutex<Vec<(PathBuf, Pkcs11)>> = Mutex::new(Vec::new());

/// The context of the module at `path`.
pub(super) fn load(path: &Path) -> Result<Pkcs11, Failure> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, context)) = loaded.iter().find(|(known, _)| known == path) {
        return Ok(context.clone());
    }
    let step = harmless("loading the PKCS#11 module");
    let context = Pkcs11::new(path).map_err(|cause| {
        Error::broken(
            "loading the PKCS#11 module",
            format!("`{}`: {cause}", path.display()),
            "set `module` to the shared library of the HSM's PKCS#11 driver",
        )
    })?;
    let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    match context.initialize(locking) {
        Ok(()) | Err(Cryptoki::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(cause) => return Err(step.failed(cause)),
    }
    loaded.push((path.to_owned(), context.clone()));
    Ok(context)
}

/// The slot of the configured token, and what the token says about itself.
pub(super) fn find_token(context: &Pkcs11, config: &Config) -> Result<(Slot, TokenInfo), Failure> {
    let step = harmless("looking for the token");
    let slots = context
        .get_slots_with_initialized_token()
        .map_err(|e| step.failed(e))?;
    let mut tokens = Vec::new();
    for slot in slots {
        tokens.push((
            slot,
            context.get_token_info(slot).map_err(|e| step.failed(e))?,
        ));
    }
    let wanted = |info: &TokenInfo| {
        info.label() == config.token_label
            && config
                .token_serial
                .as_deref()
                .is_none_or(|serial| info.serial_number() == serial)
    };
    let seen = tokens
        .iter()
        .map(|(_, info)| format!("`{}` (serial {})", info.label(), info.serial_number()))
        .collect::<Vec<_>>()
        .join(", ");
    tokens.retain(|(_, info)| wanted(info));
    match (tokens.pop(), tokens.is_empty()) {
        (Some(token), true) => Ok(token),
        (Some(_), false) => Err(Error::refused(
            "looking for the token",
            format!(
                "more than one token is labelled `{}`: {seen}",
                config.token_label
            ),
            "set the token's serial number in the configuration",
        )
        .into()),
        (None, _) => Err(Error::new(
            Consequence::NotSent,
            "looking for the token",
            format!(
                "no token is labelled `{}`; found: {seen}",
                config.token_label
            ),
            "check the token's label and serial number in the configuration, and the connection",
        )
        .into()),
    }
}
