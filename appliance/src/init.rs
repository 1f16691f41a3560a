//! `countersignd init`: the first start. Makes the keys on the token, the CA, the database and
//! the first operator, and says what it did.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_audit::Kind as EntryKind;
use countersign_hsm::{Device, KeyRole, ceremony};
use countersign_intent::{CertificateId, PolicyId, Principal, Role};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

use crate::Db;
use crate::ca::DeskSigner;
use crate::certificates::CertificateRecord;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::identity::{Authority, SpiffeId, TrustDomain};
use crate::journal::Journal;
use crate::policies::PolicyRecord;
use crate::records::Draft;
use crate::start::{self, Opened, StartError};

/// What `init` is told besides the configuration.
#[derive(Debug, Clone)]
pub struct Init {
    /// Name of the first operator.
    pub operator: String,
    /// Directory for the first operator's key and certificate.
    pub operator_out: PathBuf,
    /// The first policy; without one nothing is allowed.
    pub policy: Option<PathBuf>,
}

/// What `init` did.
#[derive(Debug, serde::Serialize)]
pub struct Done {
    /// Model and serial number of the token.
    pub token: String,
    /// Labels of the keys made on it.
    pub keys: Vec<String>,
    /// The CA's certificate.
    pub ca: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The first operator's certificate.
    pub operator_certificate: PathBuf,
    /// The first operator's key.
    pub operator_key: PathBuf,
    /// The log's verifier key: give it to the auditors.
    pub log_vkey: String,
    /// Name of the first policy.
    pub policy: Option<String>,
}

/// Runs the first start.
///
/// Everything that can be checked is checked before the token is touched. A token that holds some
/// of the keys already is refused and left as it is.
///
/// # Errors
/// Anything that exists already, is not valid, or does not answer.
pub async fn run(config: &Config, init: &Init) -> Result<Done, StartError> {
    run_on(config, init, || start::open_token(config)).await
}

/// The same on a device that `open` brings.
///
/// # Errors
/// As [`run`].
pub async fn run_on(
    config: &Config,
    init: &Init,
    open: impl FnOnce() -> Result<Arc<dyn Device>, StartError>,
) -> Result<Done, StartError> {
    let principal = Principal::new(Role::Operator, &init.operator)?;
    let policy = init.policy.as_deref().map(read_policy).transpose()?;
    let files = Files::plan(config, init)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let device = open()?;
    let roles = KeyRole::expected(config.custody.envelope);
    let report = ceremony::create(&*device, &roles)?;
    let db = Db::create(&config.database()).await?;
    let opened = start::open(config, device, db, &clock).await?;
    let authority = create_authority(config, &opened, &*clock)?;
    write_new(&files.ca, authority.pem(), 0o644)?;
    let (drafts, entries) = first_records(
        config,
        &authority,
        &principal,
        policy.as_ref(),
        &clock,
        &files,
    )?;
    opened.records.commit(drafts, entries).await?;
    let (_, verifier) = start::log_key(config, &opened.keys)?;
    opened.ledger.shutdown().await?;
    opened.db.close().await?;
    Ok(Done {
        token: format!("{} {}", report.model, report.serial),
        keys: roles.iter().map(|role| role.label().to_owned()).collect(),
        ca: files.ca,
        database: config.database(),
        operator_certificate: files.certificate,
        operator_key: files.key,
        log_vkey: verifier.vkey(),
        policy: policy.map(|(name, _)| name),
    })
}

struct Files {
    ca: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn plan(config: &Config, init: &Init) -> Result<Self, StartError> {
        for directory in [&config.state_dir, &init.operator_out] {
            std::fs::create_dir_all(directory)
                .map_err(|error| format!("cannot make `{}`: {error}", directory.display()))?;
        }
        let stem = format!("operator-{}", init.operator);
        let files = Self {
            ca: start::ca_path(config),
            certificate: init.operator_out.join(format!("{stem}.pem")),
            key: init.operator_out.join(format!("{stem}.key")),
        };
        for path in [
            &files.ca,
            &config.database(),
            &files.certificate,
            &files.key,
        ] {
            if path.exists() {
                let text = format!(
                    "`{}` exists already; this appliance was initialised before, or choose \
                     another directory",
                    path.display()
                );
                return Err(text.into());
            }
        }
        Ok(files)
    }
}

fn read_policy(path: &Path) -> Result<(String, String), StartError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the policy `{}`: {error}", path.display()))?;
    let set = countersign_policy::parse(&text).map_err(|errors| {
        let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
        format!(
            "the policy `{}` is not valid: {}",
            path.display(),
            all.join("; ")
        )
    })?;
    Ok((set.name().to_owned(), text))
}

fn create_authority(
    config: &Config,
    opened: &Opened,
    clock: &dyn Clock,
) -> Result<Authority, StartError> {
    let signer = start::ca_signer(opened)?;
    let serials = DeskSigner::serials(opened.desk.clone());
    let domain: TrustDomain = config.trust_domain.parse()?;
    let lifetimes = start::lifetimes(config);
    Ok(Authority::create(
        signer,
        serials,
        domain,
        lifetimes,
        clock.now(),
    )?)
}

type FirstRecords = (Vec<Draft>, Vec<Vec<u8>>);

fn first_records(
    config: &Config,
    authority: &Authority,
    principal: &Principal,
    policy: Option<&(String, String)>,
    clock: &Arc<dyn Clock>,
    files: &Files,
) -> Result<FirstRecords, StartError> {
    let journal = Journal::new(Arc::clone(clock));
    let now = clock.now();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let csr = CertificateParams::default()
        .serialize_request(&key)?
        .pem()?;
    let lifetime = Some(config.certificates.client_longest);
    let issued = authority.issue_client(&csr, principal, lifetime, now)?;
    write_new(&files.key, &key.serialize_pem(), 0o600)?;
    write_new(&files.certificate, &issued.pem, 0o644)?;
    let spiffe = SpiffeId {
        trust_domain: authority.trust_domain().clone(),
        principal: principal.clone(),
    };
    let certificate = CertificateRecord {
        spiffe_id: spiffe.to_string(),
        not_before: issued.not_before.micros(),
        not_after: issued.not_after.micros(),
        issued_by: "init".to_owned(),
        revoked_at: None,
    };
    let serial = *issued.serial.as_bytes();
    let mut drafts = vec![Draft::new(serial, &certificate)?];
    let id = Some(CertificateId::from_bytes(serial).to_string());
    let about = json!({ "trust_domain": config.trust_domain, "operator": principal.to_string() });
    let mut entries = vec![
        journal.entry(EntryKind::Init, "system", None, &about)?,
        journal.entry(EntryKind::CertificateIssued, "system", id, &certificate)?,
    ];
    if let Some((name, text)) = policy {
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id).map_err(|error| format!("no random numbers: {error}"))?;
        let record = PolicyRecord {
            version: 1,
            name: name.clone(),
            text: text.clone(),
            proposed_by: "init".to_owned(),
            created_at: now.micros(),
        };
        drafts.push(Draft::new(id, &record)?);
        let subject = Some(PolicyId::from_bytes(id).to_string());
        let about = json!({ "version": 1, "name": name });
        entries.push(journal.entry(EntryKind::PolicyActivated, "system", subject, &about)?);
    }
    Ok((drafts, entries))
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), StartError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    options
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()).into())
}
