//! The module: loaded once per process, the token found in it by name, and started again
//! (`C_Finalize`, `C_Initialize`) when it lost its view of the token.
//!
//! `C_Finalize` while a thread is inside the module is undefined (PKCS#11 v3.1, 5.4.2), and numbers of
//! sessions and objects are given out anew afterwards. So every call is made [`Inside`], a new start
//! waits until nobody is, and what belongs to an earlier *life* of the module is forgotten, never
//! closed: its number may be another's by now.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::session::Session;
use cryptoki::slot::{Slot, TokenInfo};

use super::codes::{Failure, Recovery, harmless};
use super::config::Config;
use crate::error::{Consequence, Error};

/// `C_Initialize` is per process, so two devices of one module share it. The modules stay loaded.
static LOADED: Mutex<Vec<Arc<Module>>> = Mutex::new(Vec::new());

/// How long a new start waits for the calls inside the module to come back, and a call for a new
/// start.
const PATIENCE: Duration = Duration::from_secs(2);

/// A module, and who is inside it.
pub(super) struct Module {
    path: PathBuf,
    pub(super) context: Pkcs11,
    traffic: Mutex<Traffic>,
    moved: Condvar,
}

struct Traffic {
    /// Calls inside the module.
    inside: usize,
    /// A new start waits until nobody is inside; nobody else goes in.
    closing: bool,
    /// How often the module was started.
    life: u64,
    /// Why the last start failed: nobody goes in until one succeeds.
    down: Option<Error>,
}

/// Leave to call the module; while it is held the module is not finalised.
pub(super) struct Inside<'a> {
    module: &'a Module,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut traffic = self.module.lock();
        traffic.inside = traffic.inside.saturating_sub(1);
        drop(traffic);
        self.module.moved.notify_all();
    }
}

impl Module {
    /// The module at `path`, initialised. One that is loaded and that no device uses is started again:
    /// it may have been started while the token was away.
    pub(super) fn load(path: &Path) -> Result<Arc<Self>, Failure> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = loaded.iter().find(|known| known.path == path) {
            // The other one is that of the list, which is locked.
            if Arc::strong_count(module) == 1 {
                module.restart()?;
            }
            return Ok(Arc::clone(module));
        }
        let context = Pkcs11::new(path).map_err(|cause| {
            Error::broken(
                "loading the PKCS#11 module",
                format!("`{}`: {cause}", path.display()),
                "set `module` to the shared library of the HSM's PKCS#11 driver",
            )
        })?;
        let module = Arc::new(Self {
            path: path.to_owned(),
            context,
            traffic: Mutex::new(Traffic {
                inside: 0,
                closing: false,
                life: 1,
                down: None,
            }),
            moved: Condvar::new(),
        });
        loaded.push(Arc::clone(&module));
        initialize(&module.context)?;
        Ok(module)
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes in; waits while the module is started again, and stays out where that failed. A thread that is inside already must not
    /// call this.
    pub(super) fn enter(&self) -> Result<Inside<'_>, Failure> {
        let (mut traffic, waited) = self
            .moved
            .wait_timeout_while(self.lock(), PATIENCE, |traffic| traffic.closing)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() && traffic.closing {
            return Err(Error::new(
                Consequence::NotSent,
                "using the PKCS#11 module",
                "it is being started again, and calls inside it do not come back",
                "try again; restart if it lasts",
            )
            .into());
        }
        if let Some(error) = traffic.down.clone() {
            let recovery = Recovery::Module;
            return Err(Failure { error, recovery });
        }
        traffic.inside = traffic.inside.saturating_add(1);
        Ok(Inside { module: self })
    }

    /// Goes in to close a session, also where a new start waits: it waits for this one, too.
    fn enter_to_close(&self) -> Inside<'_> {
        let mut traffic = self.lock();
        traffic.inside = traffic.inside.saturating_add(1);
        Inside { module: self }
    }

    /// Which life this is. It ends only while nobody is inside.
    pub(super) fn life(&self) -> u64 {
        self.lock().life
    }

    /// `C_Finalize` and `C_Initialize`, once nobody is inside. All sessions, logins and handles are
    /// gone after it.
    pub(super) fn restart(&self) -> Result<(), Failure> {
        let mut traffic = self.lock();
        if traffic.closing {
            return Ok(());
        }
        traffic.closing = true;
        let (mut traffic, waited) = self
            .moved
            .wait_timeout_while(traffic, PATIENCE, |traffic| traffic.inside > 0)
            .unwrap_or_else(PoisonError::into_inner);
        traffic.closing = false;
        let result = if waited.timed_out() && traffic.inside > 0 {
            Err(Error::new(
                Consequence::NotSent,
                "starting the PKCS#11 module again",
                format!("{} calls inside it do not come back", traffic.inside),
                "it is tried again; restart if it lasts",
            )
            .into())
        } else {
            traffic.life = traffic.life.saturating_add(1);
            // Whatever it answers: the module is to be initialised next.
            let _ended = self.context.clone().finalize();
            let started = initialize(&self.context).map_err(not_started);
            traffic.down = started.as_ref().err().map(|failure| failure.error.clone());
            started
        };
        drop(traffic);
        self.moved.notify_all();
        result
    }
}

fn initialize(context: &Pkcs11) -> Result<(), Failure> {
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Cryptoki::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        Err(cause) => Err(harmless("starting the PKCS#11 module").failed(cause)),
    }
}

/// The module's word for it, and what a person can look at.
fn not_started(failure: Failure) -> Failure {
    let detail = failure.error.detail();
    let advice = "the module does not start, so that nothing is known of the token: see that its files, or \
                  the connection to it, are there and can be read; it is started again by itself until it \
                  answers";
    Failure {
        error: Error::new(
            failure.error.consequence(),
            "starting the PKCS#11 module again",
            detail.cause().to_owned(),
            advice,
        ),
        recovery: Recovery::Module,
    }
}

/// A session that is closed only while its number means what it meant when it was opened.
pub(super) struct Held {
    session: Option<Session>,
    life: u64,
    module: Arc<Module>,
}

impl Held {
    /// Takes charge of a session just opened; the caller is inside.
    pub(super) fn new(session: Session, module: &Arc<Module>) -> Self {
        Self {
            session: Some(session),
            life: module.life(),
            module: Arc::clone(module),
        }
    }

    /// The session, if it is of this life of the module; the caller is inside.
    pub(super) fn current(&self) -> Option<&Session> {
        let session = self.session.as_ref();
        session.filter(|_| self.life == self.module.life())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _inside = self.module.enter_to_close();
        match self.session.take() {
            Some(session) if self.life == self.module.life() => drop(session),
            // Dropping it would close whatever has its number now.
            gone => std::mem::forget(gone),
        }
    }
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
        (None, _) => Err(away(config, &seen)),
    }
}

fn away(config: &Config, seen: &str) -> Failure {
    // Another one is there instead, and this one was never seen: its name is wrong.
    let misnamed = !seen.is_empty() && config.token_serial.is_none();
    let consequence = if misnamed {
        Consequence::Refused
    } else {
        Consequence::NotSent
    };
    let seen = if seen.is_empty() { "none" } else { seen };
    let serial = match &config.token_serial {
        Some(serial) => format!(" with serial {serial}"),
        None => String::new(),
    };
    Failure {
        error: Error::new(
            consequence,
            "looking for the token",
            format!(
                "no token is labelled `{}`{serial}; found: {seen}",
                config.token_label
            ),
            "check the token's label and serial number in the configuration, that its files can be \
             read, and the connection; once it was there the module is started again by itself \
             until it is back",
        ),
        recovery: Recovery::Module,
    }
}
