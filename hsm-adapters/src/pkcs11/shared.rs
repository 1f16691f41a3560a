//! What all sessions of a token share: the login, the locks, and the handles.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;

use super::codes::{Failure, Recovery, harmless};
use super::config::Config;
use super::handles::Handles;
use super::module;
use super::roles::Roles;
use crate::capabilities::Capabilities;
use crate::error::{Consequence, Error};

pub(super) struct Shared {
    pub(super) context: Pkcs11,
    pub(super) config: Config,
    pub(super) capabilities: Capabilities,
    pub(super) handles: Handles,
    pub(super) roles: Roles,
    holder: Mutex<Holder>,
    generation: AtomicU64,
    objects: RwLock<()>,
}

/// The session that lives as long as the process: it keeps the login alive, and owns the session
/// objects of opened keys, which would vanish with a worker's session.
struct Holder {
    link: Option<(Session, Slot)>,
    /// Set when the token refused the PIN: trying again would lock it.
    dead: Option<Error>,
}

impl Shared {
    /// Logs in. `capabilities` are the caller's to fill in.
    pub(super) fn open(config: Config, context: Pkcs11) -> Result<Self, Failure> {
        let shared = Self {
            handles: Handles::new(config.cache_size),
            roles: Roles::default(),
            capabilities: Capabilities::default(),
            holder: Mutex::new(Holder {
                link: None,
                dead: None,
            }),
            generation: AtomicU64::new(0),
            objects: RwLock::new(()),
            context,
            config,
        };
        shared.recover(0)?;
        Ok(shared)
    }

    /// Grows whenever the login was lost; a handle of an older generation means nothing.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Held while searching. SoftHSM 2.6.1 fails about one token key generation in sixteen while
    /// other threads search, and none with this lock.
    pub(super) fn searching(&self) -> RwLockReadGuard<'_, ()> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Held while creating or destroying token objects.
    pub(super) fn changing(&self) -> RwLockWriteGuard<'_, ()> {
        self.objects.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everything since `generation` was read was done while logged in. Tokens do not
    /// say that private objects are hidden, so a search that finds nothing has to ask. Waits for
    /// a login in progress.
    pub(super) fn was_logged_in(&self, session: &Session, generation: u64) -> bool {
        let _holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        self.generation() == generation && logged_in(session)
    }

    /// A new session, and the generation it belongs to.
    pub(super) fn session(&self, read_write: bool) -> Result<(Session, u64), Failure> {
        let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, slot)) = &holder.link else {
            return Err(harmless("opening a session").lost_login());
        };
        let opened = if read_write {
            self.context.open_rw_session(*slot)
        } else {
            self.context.open_ro_session(*slot)
        };
        let session = opened.map_err(|e| harmless("opening a session").failed(e))?;
        Ok((session, self.generation()))
    }

    /// Runs `act` on the holder session, so that the session objects it makes outlive the
    /// caller's session. Other threads wait.
    pub(super) fn on_holder<T>(
        &self,
        act: impl FnOnce(&Session, u64) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        match &holder.link {
            Some((session, _)) => act(session, self.generation()),
            None => Err(harmless("using the token").lost_login()),
        }
    }

    /// Makes sure that somebody is logged in, if that is still the generation `seen` by the
    /// caller. Finds the token again: it may be in another slot.
    pub(super) fn recover(&self, seen: u64) -> Result<(), Error> {
        let mut holder = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dead) = &holder.dead {
            return Err(dead.clone());
        }
        let alive = holder
            .link
            .as_ref()
            .is_some_and(|(session, _)| logged_in(session));
        if self.generation() != seen || alive {
            return Ok(());
        }
        holder.link = None;
        self.handles.clear();
        self.roles.clear();
        let link = self.log_in();
        // After the login: what was found under this generation was found while logged in.
        self.generation.fetch_add(1, Ordering::AcqRel);
        match link {
            Ok(link) => {
                holder.link = Some(link);
                Ok(())
            }
            Err(Failure { error, .. }) => {
                if error.consequence() == Consequence::Broken {
                    holder.dead = Some(error.clone());
                }
                Err(error)
            }
        }
    }

    fn log_in(&self) -> Result<(Session, Slot), Failure> {
        let step = harmless("logging in to the token");
        let (slot, _) = module::find_token(&self.context, &self.config)?;
        let session = self
            .context
            .open_rw_session(slot)
            .map_err(|e| step.failed(e))?;
        match session.login(UserType::User, Some(&self.config.pin)) {
            Ok(()) | Err(Cryptoki::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok((session, slot)),
            Err(cause) => Err(step.failed(cause)),
        }
    }
}

/// Whether the session lives and the user is logged in.
pub(super) fn logged_in(session: &Session) -> bool {
    session.get_session_info().is_ok_and(|info| {
        matches!(
            info.session_state(),
            SessionState::RoUser | SessionState::RwUser
        )
    })
}

/// One thread's session, opened when it is first needed and again after it was lost.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    read_write: bool,
    open: Option<(Session, u64)>,
}

impl Worker {
    pub(super) const fn new(shared: Arc<Shared>, read_write: bool) -> Self {
        Self {
            shared,
            read_write,
            open: None,
        }
    }

    /// Runs `act`; mends what its failure says is broken, and runs it once more if nothing was
    /// done the first time.
    pub(super) fn run<T>(
        &mut self,
        act: impl Fn(&Shared, &Session) -> Result<T, Failure>,
    ) -> Result<T, Error> {
        let first = match self.attempt(&act) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        let mended = self.mend(first.recovery);
        if first.recovery == Recovery::None || first.error.consequence() != Consequence::NotSent {
            return Err(first.error);
        }
        mended?;
        self.attempt(&act).map_err(|second| {
            self.open = None;
            second.error
        })
    }

    fn attempt<T>(
        &mut self,
        act: &impl Fn(&Shared, &Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let current = self.shared.generation();
        let open = match self
            .open
            .take()
            .filter(|(_, generation)| *generation == current)
        {
            Some(open) => open,
            None => self.shared.session(self.read_write)?,
        };
        let (session, _) = self.open.insert(open);
        let failure = match act(&self.shared, session) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        // Without a login tokens refuse for reasons that are not the real one.
        let refused = failure.error.consequence() == Consequence::Refused;
        if refused && !self.shared.was_logged_in(session, current) {
            return Err(harmless("using the token").lost_login());
        }
        Err(failure)
    }

    fn mend(&mut self, recovery: Recovery) -> Result<(), Error> {
        let seen = self
            .open
            .as_ref()
            .map_or_else(|| self.shared.generation(), |open| open.1);
        match recovery {
            Recovery::None => Ok(()),
            Recovery::Session => {
                self.open = None;
                Ok(())
            }
            Recovery::Login | Recovery::Handle => {
                self.open = None;
                self.shared.recover(seen)
            }
        }
    }
}
