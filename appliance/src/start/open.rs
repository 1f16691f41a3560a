//! What is opened before anything can be served: token, keys, database, rows.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use aws_lc_rs::hmac;
use countersign_audit::LogKey;
use countersign_hsm::ceremony::{self, RoleKeys};
use countersign_hsm::{Consequence, Device, Error as HsmError, KeyRef, KeyRole, Opening};
use countersign_store::ledger::{Ledger, LedgerError, Limits as LedgerLimits, RowSeals, Sealer};
use countersign_store::{Store, StoreError};

use super::{StartError, workers};
use crate::ca::DeskSigner;
use crate::clock::{self, Clock, Timekeeper};
use crate::config::Config;
use crate::device::DeviceDesk;
use crate::identity::{Authority, Lifetimes, TrustDomain};
use crate::log_check;
use crate::records::Records;

/// How often a start looks for a token that is not there, and how long it waits in between.
const LOOKS: u32 = 30;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Opens the token, and waits for one that is not there yet: what it is reached by may come up later than
/// this program. Whatever else is wrong is told at once; a PIN that was refused is never tried again.
///
/// # Errors
/// As [`open_token`]; a token that is not there after half a minute.
pub async fn await_token(config: &Config) -> Result<Arc<dyn Device>, StartError> {
    for _ in 1..LOOKS {
        match open_token(config) {
            Err(error) if is_away(&error) => {
                tracing::warn!(%error, "the start waits for the token");
            }
            opened => return opened,
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    open_token(config)
}

fn is_away(error: &StartError) -> bool {
    let error = error.downcast_ref::<HsmError>();
    error.is_some_and(|error| error.consequence() == Consequence::NotSent)
}

/// Opens the token.
///
/// # Errors
/// No PIN, no module, no token, a wrong PIN, or a token that says that a wrong one was tried before.
pub fn open_token(config: &Config) -> Result<Arc<dyn Device>, StartError> {
    open_token_with(config, false)
}

/// The same; `spend_low_pin` tries the PIN although the token says that a wrong one was tried before,
/// because a person asked for it.
///
/// # Errors
/// As [`open_token`].
pub fn open_token_with(
    config: &Config,
    spend_low_pin: bool,
) -> Result<Arc<dyn Device>, StartError> {
    let opening = Opening {
        pin: config.pin()?,
        spend_low_pin,
        envelope: config.custody.envelope,
        import: config.custody.import,
        unlocked_keys: config.hsm.unlocked_keys,
    };
    Ok(config.hsm.device.open(opening)?)
}

/// Opens the database that the first start made.
///
/// # Errors
/// No such file, one that another appliance has open, or one of another program.
pub async fn open_database(
    config: &Config,
    device: &dyn Device,
) -> Result<Arc<dyn Store>, StartError> {
    let path = config.database();
    if path.exists() {
        return Ok(path.open().await?);
    }
    Err(if was_initialised(config, device) {
        format!(
            "there is no database `{path}`, and the token has the keys of an appliance that was \
             initialised: its database is lost, or elsewhere; check `state_dir` and `store.path`, and \
             put the newest copy there as `deploy/runbooks/restore.md` says (`init` is for an empty \
             token)"
        )
    } else {
        format!("there is no database `{path}`; run `countersignd init` first, or check `state_dir`")
    }
    .into())
}

/// Whether the token holds any key that `init` makes.
fn was_initialised(config: &Config, device: &dyn Device) -> bool {
    let roles = config.custody.roles();
    let missing = ceremony::missing(device, &roles);
    missing.is_ok_and(|missing| missing.len() < roles.len())
}

/// Lifetimes of certificates as configured.
#[must_use]
pub fn lifetimes(config: &Config) -> Lifetimes {
    Lifetimes {
        server: config.certificates.server,
        client: config.certificates.client,
        client_longest: config.certificates.client_longest,
        ..Lifetimes::default()
    }
}

/// The CA's certificate.
#[must_use]
pub fn ca_path(config: &Config) -> std::path::PathBuf {
    config.state_dir.join("ca.pem")
}

/// What is opened before anything can be served: token, keys, database, rows.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct Opened {
    /// The token.
    pub device: Arc<dyn Device>,
    /// The appliance's keys on it.
    pub keys: RoleKeys,
    /// The thread that uses them.
    pub desk: DeviceDesk,
    /// That thread.
    pub desk_thread: JoinHandle<()>,
    /// The database.
    pub db: Arc<dyn Store>,
    /// The one writer.
    pub ledger: Ledger,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// The time.
    pub timekeeper: Arc<Timekeeper>,
}

/// Checks every key's attributes and every row's seal.
///
/// # Errors
/// Anything that is not as it was left.
pub async fn open(
    config: &Config,
    device: Arc<dyn Device>,
    db: Arc<dyn Store>,
    clock: &Arc<dyn Clock>,
) -> Result<Opened, StartError> {
    let roles = config.custody.roles();
    let keys = ceremony::load(&*device, &roles)?;
    for key in ceremony::loose(&*device, &roles)? {
        tracing::warn!("{key}: more than it needs; see `hsm.attributes` in `countersignd doctor`");
    }
    let (desk, desk_thread) = DeviceDesk::start(&device)?;
    let limits = LedgerLimits {
        clock_tolerance: config.clock.tolerance,
        signing: workers(config).saturating_mul(4),
        ..LedgerLimits::default()
    };
    let timekeeper = Arc::new(Timekeeper::new(Arc::clone(clock), config.clock.tolerance));
    let ledger_clock = Arc::clone(&timekeeper);
    let sealer = sealer(&desk).await?;
    let ledger = Ledger::start(
        Arc::clone(&db),
        Box::new(move || ledger_clock.now()),
        Box::new(random_tail),
        Arc::clone(&sealer),
        limits,
    )
    .await;
    let ledger = match ledger {
        Ok(ledger) => ledger,
        Err(error) => return Err(told(&*db, sealer, error).await),
    };
    let records = Records::open(Arc::clone(&db), ledger.clone(), desk.clone()).await?;
    clock::load(&timekeeper, &*db, &records, config.clock.max_stop).await?;
    Ok(Opened {
        device,
        keys,
        desk,
        desk_thread,
        db,
        ledger,
        records: Arc::new(records),
        timekeeper,
    })
}

/// Names the log entry that was changed, where that is what the ledger's seal does not fit.
async fn told(db: &dyn Store, sealer: Sealer, error: LedgerError) -> StartError {
    if !matches!(error, LedgerError::Store(StoreError::Corrupt(_))) {
        return error.into();
    }
    match log_check::named(db, &RowSeals::new(sealer, 0)).await {
        Some(fault) => format!("{fault}; {error}").into(),
        None => error.into(),
    }
}

/// Seals what limits rest on, with a key that the HSM's row-MAC key yields and that never leaves this
/// process.
async fn sealer(desk: &DeviceDesk) -> Result<Sealer, StartError> {
    let key = desk.run(|desk| Ok(desk.mac.mac(b"countersign/ledger-key/v1\0")?));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key.await?);
    Ok(Arc::new(move |bytes| {
        let mut tag = [0; 32];
        let made = hmac::sign(&key, bytes);
        tag.iter_mut()
            .zip(made.as_ref())
            .for_each(|(to, from)| *to = *from);
        tag
    }))
}

fn random_tail() -> Result<[u8; 8], countersign_store::Cause> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| {
        countersign_store::Cause::new(format!("reading the system's random numbers: {error}"))
    })?;
    Ok(bytes)
}

/// The authority over the key on the token.
///
/// # Errors
/// No CA key, no readable certificate, or one of another key or trust domain.
pub fn load_authority(config: &Config, opened: &Opened) -> Result<Authority, StartError> {
    let path = ca_path(config);
    let pem = std::fs::read_to_string(&path).map_err(|error| {
        format!(
            "cannot read `{}`: {error}; it is the CA's certificate, which every client has as well: \
             copy the `ca.pem` of one there (another CA's is refused), see \
             `deploy/runbooks/restore.md`",
            path.display()
        )
    })?;
    let signer = ca_signer(opened)?;
    let serials = DeskSigner::serials(opened.desk.clone());
    let domain: TrustDomain = config.trust_domain.parse()?;
    let authority = Authority::load(&pem, signer, serials, domain, lifetimes(config))?;
    Ok(authority)
}

/// The CA key on the token as a signer of certificates.
///
/// # Errors
/// No such key.
pub fn ca_signer(opened: &Opened) -> Result<Arc<DeskSigner>, StartError> {
    let key = role_key(&opened.keys, KeyRole::Ca)?;
    Ok(Arc::new(DeskSigner::new(opened.desk.clone(), key)?))
}

fn role_key(keys: &RoleKeys, role: KeyRole) -> Result<KeyRef, StartError> {
    keys.signing(role)
        .ok_or_else(|| format!("the token has no `{}` key", role.as_str()).into())
}

/// The log key as verifiers know it.
///
/// # Errors
/// No log key, or an origin that fits into no checkpoint.
pub fn log_key(config: &Config, keys: &RoleKeys) -> Result<(KeyRef, LogKey), StartError> {
    let key = role_key(keys, KeyRole::AuditLog)?;
    let public: &[u8; 32] = key.public.bytes().try_into()?;
    let verifier = LogKey::new(&config.log_origin(), public)?;
    Ok((key, verifier))
}
