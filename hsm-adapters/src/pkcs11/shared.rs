//! What all sessions of a token share: the login, the locks, and the handles.
//!
//! Locks are taken in this order: the module's door ([`Module::enter`]), objects, holder.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::{Slot, TokenInfo};

use super::breaker::{Mender, Suspicion};
use super::codes::{Failure, Recovery, harmless};
use super::config::Config;
use super::handles::Handles;
use super::index::Index;
use super::module::{Held, Module, find_token};
use super::role_handles::{Roles, class_of};
use super::templates::by_id;
use crate::capabilities::Capabilities;
use crate::error::{Consequence, Error};
use crate::role::KeyRole;

/// Failures in a row, of whatever kind but a refusal, after which the module is suspect.
const TROUBLES: u32 = 3;

pub(super) struct Shared {
    pub(super) module: Arc<Module>,
    pub(super) config: Config,
    pub(super) capabilities: Capabilities,
    pub(super) handles: Handles,
    pub(super) roles: Roles,
    pub(super) index: Index,
    pub(super) mender: Mender,
    /// The appliance's keys that were found on this token once.
    witnesses: Mutex<BTreeSet<KeyRole>>,
    troubles: AtomicU32,
    holder: Mutex<Holder>,
    generation: AtomicU64,
    objects: RwLock<()>,
}

/// The session that lives as long as the login: it keeps it alive, and owns the session objects of
/// opened keys, which would vanish with a worker's session.
struct Holder {
    link: Option<(Held, Slot)>,
    /// Why there is no link.
    lost: Option<Error>,
    /// Set when the token refused the PIN: trying again would lock it.
    dead: Option<Error>,
}

impl Shared {
    /// Logs in. `capabilities` are the caller's to fill in. From here on only this very token, by
    /// its serial number, is given the PIN.
    pub(super) fn open(
        mut config: Config,
        module: Arc<Module>,
    ) -> Result<(Self, TokenInfo), Failure> {
        let token = {
            let _inside = module.enter()?;
            find_token(&module.context, &config)?.1
        };
        config.token_serial = Some(token.serial_number().to_owned());
        let shared = Self {
            handles: Handles::new(config.cache_size),
            roles: Roles::default(),
            index: Index::default(),
            mender: Mender::default(),
            capabilities: Capabilities::default(),
            witnesses: Mutex::default(),
            troubles: AtomicU32::new(0),
            holder: Mutex::new(Holder {
                link: None,
                lost: None,
                dead: None,
            }),
            generation: AtomicU64::new(0),
            objects: RwLock::new(()),
            module,
            config,
        };
        shared.recover(0)?;
        Ok((shared, token))
    }

    fn holder(&self) -> MutexGuard<'_, Holder> {
        self.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows whenever the login was lost; a handle of an older generation means nothing.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether the PIN was refused: nothing is tried any more.
    pub(super) fn gave_up(&self) -> bool {
        self.holder().dead.is_some()
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
        let _holder = self.holder();
        self.generation() == generation && logged_in(session)
    }

    /// A new session, and the generation it belongs to. The caller is inside the module.
    pub(super) fn session(&self, read_write: bool) -> Result<(Held, u64), Failure> {
        let holder = self.holder();
        let link = holder.link.as_ref();
        let Some((_, slot)) = link.filter(|(held, _)| held.current().is_some()) else {
            return Err(not_logged_in(&holder, "opening a session"));
        };
        let opened = if read_write {
            self.module.context.open_rw_session(*slot)
        } else {
            self.module.context.open_ro_session(*slot)
        };
        let session = opened.map_err(|e| harmless("opening a session").failed(e))?;
        Ok((Held::new(session, &self.module), self.generation()))
    }

    /// Runs `act` in a session that nothing was done in before. The caller is inside the module.
    pub(super) fn afresh<T>(
        &self,
        act: impl FnOnce(&Session) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (held, _) = self.session(false)?;
        match held.current() {
            Some(session) => act(session),
            None => Err(harmless("opening a session").lost_login()),
        }
    }

    /// Runs `act` on the holder session, so that the session objects it makes outlive the
    /// caller's session. Other threads wait. The caller is inside the module.
    pub(super) fn on_holder<T>(
        &self,
        act: impl FnOnce(&Session, u64) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let holder = self.holder();
        match holder.link.as_ref().and_then(|(held, _)| held.current()) {
            Some(session) => act(session, self.generation()),
            None => Err(not_logged_in(&holder, "using the token")),
        }
    }

    /// Makes sure that somebody is logged in, if that is still the generation `seen` by the
    /// caller. Finds the token again: it may be in another slot.
    pub(super) fn recover(&self, seen: u64) -> Result<(), Error> {
        let _inside = self.module.enter().map_err(|failure| failure.error)?;
        let mut holder = self.holder();
        if let Some(dead) = &holder.dead {
            return Err(dead.clone());
        }
        let session = holder.link.as_ref().and_then(|(held, _)| held.current());
        if session.is_some_and(logged_in) {
            return Ok(());
        }
        if self.generation() != seen {
            return holder.lost.clone().map_or(Ok(()), Err);
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
                holder.lost = None;
                Ok(())
            }
            Err(Failure { error, .. }) => {
                if error.consequence() == Consequence::Broken {
                    holder.dead = Some(error.clone());
                }
                holder.lost = Some(error.clone());
                Err(error)
            }
        }
    }

    fn log_in(&self) -> Result<(Held, Slot), Failure> {
        let step = harmless("logging in to the token");
        let (slot, token) = find_token(&self.module.context, &self.config)?;
        spare_the_pin(&token, self.config.spend_low_pin)?;
        let session = self
            .module
            .context
            .open_rw_session(slot)
            .map_err(|e| step.failed(e))?;
        match session.login(UserType::User, Some(&self.config.pin)) {
            Ok(()) | Err(Cryptoki::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                Ok((Held::new(session, &self.module), slot))
            }
            Err(cause) => Err(step.failed(cause)),
        }
    }

    /// Remembers that the token showed this key.
    pub(super) fn witnessed(&self, role: KeyRole) {
        let mut known = self
            .witnesses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.insert(role);
    }

    /// Whether the token showed this key before.
    pub(super) fn knows(&self, role: KeyRole) -> bool {
        let known = self
            .witnesses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.contains(&role)
    }

    /// Looks for one of the appliance's keys that was there before. The caller is inside and holds
    /// no lock.
    pub(super) fn sight(&self) -> Result<(), Failure> {
        let known = self
            .witnesses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(role) = known.first().copied() else {
            return Ok(());
        };
        drop(known);
        let _searching = self.searching();
        let template = by_id(class_of(role), &role.id());
        let found = self.on_holder(|session, _| {
            let found = session.find_objects(&template);
            found.map_err(|e| harmless("looking for a key").failed(e))
        })?;
        if found.is_empty() {
            return Err(lost_sight(role.label()).into());
        }
        Ok(())
    }

    /// Takes note of a call that went well.
    pub(super) fn went_well(&self) {
        if self.troubles.load(Ordering::Relaxed) != 0 {
            self.troubles.store(0, Ordering::Relaxed);
        }
    }

    /// Takes note of a call that failed for good; too many in a row, and the module is suspect.
    pub(super) fn failed(self: &Arc<Self>, failure: &Failure) {
        let clear = matches!(
            failure.error.consequence(),
            Consequence::Refused | Consequence::Broken
        );
        if clear || failure.recovery == Recovery::None {
            return;
        }
        let before = self.troubles.fetch_add(1, Ordering::Relaxed);
        if before.saturating_add(1) >= TROUBLES {
            self.suspect(Suspicion::Away);
        }
    }

    /// Whether the token can be asked about itself. The caller is inside.
    pub(super) fn token_answers(&self) -> bool {
        let holder = self.holder();
        holder
            .link
            .as_ref()
            .is_some_and(|(_, slot)| self.module.context.get_token_info(*slot).is_ok())
    }
}

/// What was made is not there when it is looked for.
pub(super) fn not_kept(doing: &'static str) -> Error {
    Error::refused(
        doing,
        "the token said that it was done, and does not have it when asked again",
        "see whether the token's file system or memory is full, then try again",
    )
}

fn not_logged_in(holder: &Holder, doing: &'static str) -> Failure {
    match &holder.lost {
        Some(why) => Failure {
            error: why.clone(),
            recovery: Recovery::Login,
        },
        None => harmless(doing).lost_login(),
    }
}

fn lost_sight(what: &str) -> Error {
    Error::new(
        Consequence::NotSent,
        "looking for a key",
        format!("the token does not show `{what}`, which was there before"),
        "see whether the token's files can be read and whether file descriptors ran out; the module \
         is started again by itself until the key is back",
    )
}

/// Refuses to try the PIN where the token says that tries are running out: one of them may have been
/// ours, and a person has to look.
fn spare_the_pin(token: &TokenInfo, spend_low: bool) -> Result<(), Failure> {
    let told = if token.user_pin_locked() {
        "the user PIN is locked (CKF_USER_PIN_LOCKED)"
    } else if token.user_pin_final_try() {
        "one wrong try more locks the user PIN (CKF_USER_PIN_FINAL_TRY)"
    } else if token.user_pin_count_low() && !spend_low {
        "a wrong user PIN was tried since the last right one (CKF_USER_PIN_COUNT_LOW)"
    } else {
        return Ok(());
    };
    Err(Error::refused(
        "logging in to the token",
        told,
        "the pin was not tried: find out who tried a wrong one and check ours; then \
         `countersignd doctor --try-pin` tries it once, except on the last try, and a right pin ends \
         the warning",
    )
    .into())
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
