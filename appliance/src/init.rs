//! `countersignd init`: the first start. Makes the keys on the token, the CA, the database and
//! the first operators and approvers, and says what it did.

mod approvers;

use std::io::Write;
use std::iter;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_audit::{Actor, Kind as EntryKind};
use countersign_hsm::{Device, ceremony};
use countersign_intent::{ApproverId, CertificateId, PolicyId, Principal, Role, Timestamp};
use countersign_policy::lint::{Severity, lint};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

use crate::anchor;
use crate::ca::DeskSigner;
use crate::certificates::CertificateRecord;
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::identity::{Authority, SpiffeId, TrustDomain};
use crate::journal::Journal;
use crate::policies::PolicyRecord;
use crate::records::Draft;
use crate::second_factor::{self, SecondFactorRecord, Secrets};
use crate::start::{self, Opened, StartError};

pub use approvers::FirstApprover;

/// What `init` is told besides the configuration.
#[derive(Debug, Clone)]
pub struct Init {
    /// Names of the first operators. Later ones need other people's agreement.
    pub operators: Vec<String>,
    /// Directory for their keys and certificates.
    pub operator_out: PathBuf,
    /// The first policy; without one nothing is allowed.
    pub policy: Option<PathBuf>,
    /// The first approvers. Later ones need these people's agreement.
    pub approvers: Vec<FirstApprover>,
    /// Whether it is meant that nobody can ever change the appliance.
    pub unchangeable: bool,
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
    pub database: String,
    /// The first operators' files.
    pub operators: Vec<OperatorFiles>,
    /// The first approvers: name, key and identifier.
    pub approvers: Vec<String>,
    /// Names that groups of the policy list and nobody is enrolled under.
    pub not_enrolled: Vec<String>,
    /// That nobody can ever change it, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// The log's verifier key: give it to the auditors.
    pub log_vkey: String,
    /// Name of the first policy.
    pub policy: Option<String>,
    /// Through what of it bots alone can lose all that is in a wallet.
    pub policy_errors: Vec<String>,
}

/// Where an operator's certificate and key are.
#[derive(Debug, Clone, serde::Serialize)]
pub struct OperatorFiles {
    /// Name of the operator.
    pub name: String,
    /// The certificate.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
    /// The secret of the operator's one-time codes, where they are turned on; shown here and
    /// nowhere else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otpauth: Option<String>,
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
    let names = init.operators.iter();
    let operators = names
        .map(|name| Principal::new(Role::Operator, name))
        .collect::<Result<Vec<_>, _>>()?;
    if operators.is_empty() {
        return Err("expected at least one `--operator NAME`".into());
    }
    approvers::check_single(&init.approvers, &init.operators)?;
    let policy = init.policy.as_deref().map(read_policy).transpose()?;
    let warning = approvers::never_changed(init, policy.as_ref().map(|(_, text)| text.as_str()))?;
    let mut files = Files::plan(config, init)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let device = open()?;
    let roles = config.custody.roles();
    let report = ceremony::create(&*device, &roles)?;
    let db = config.database().create().await?;
    let opened = start::open(config, device, db, &clock).await?;
    let authority = create_authority(config, &opened, &*clock)?;
    write_new(&files.ca, authority.pem(), 0o644)?;
    let mut first = First {
        config,
        authority: &authority,
        journal: Journal::new(Arc::clone(&clock)),
        now: clock.now(),
        drafts: Vec::new(),
        entries: Vec::new(),
    };
    first.begin(&operators)?;
    for (operator, files) in operators.iter().zip(&files.operators) {
        first.operator(operator, files)?;
    }
    if let Some((name, text)) = &policy {
        first.policy(name, text)?;
    }
    let enrolled = first.approvers(&init.approvers)?;
    if config.second_factor() {
        let secrets = Secrets::open(&opened.desk).await?;
        for files in &mut files.operators {
            files.otpauth = Some(first.second_factor(&files.name, &secrets)?);
        }
    }
    opened.records.commit(first.drafts, first.entries).await?;
    anchor::first(&opened.desk, &opened.ledger).await?;
    let (_, verifier) = start::log_key(config, &opened.keys)?;
    opened.ledger.shutdown().await?;
    opened.db.close().await?;
    Ok(Done {
        token: format!("{} {}", report.model, report.serial),
        keys: roles.iter().map(|role| role.label().to_owned()).collect(),
        ca: files.ca,
        database: config.database().to_string(),
        operators: files.operators,
        approvers: enrolled,
        not_enrolled: not_enrolled(policy.as_ref(), &init.approvers),
        warning,
        log_vkey: verifier.vkey(),
        policy_errors: policy_errors(policy.as_ref()),
        policy: policy.map(|(name, _)| name),
    })
}

struct Files {
    ca: PathBuf,
    operators: Vec<OperatorFiles>,
}

impl Files {
    fn plan(config: &Config, init: &Init) -> Result<Self, StartError> {
        for directory in [&config.state_dir, &init.operator_out] {
            std::fs::create_dir_all(directory)
                .map_err(|error| format!("cannot make `{}`: {error}", directory.display()))?;
        }
        let of = |name: &String| OperatorFiles {
            name: name.clone(),
            certificate: init.operator_out.join(format!("operator-{name}.pem")),
            key: init.operator_out.join(format!("operator-{name}.key")),
            otpauth: None,
        };
        let files = Self {
            ca: start::ca_path(config),
            operators: init.operators.iter().map(of).collect(),
        };
        let database = config.database().path();
        let theirs = files
            .operators
            .iter()
            .flat_map(|one| [&one.certificate, &one.key]);
        for path in iter::once(&files.ca).chain(&database).chain(theirs) {
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

fn policy_errors(policy: Option<&(String, String)>) -> Vec<String> {
    let set = policy.and_then(|(_, text)| countersign_policy::parse(text).ok());
    let findings = set.map_or_else(Vec::new, |set| lint(&set));
    let errors = findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    errors.map(ToString::to_string).collect()
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

/// The rows and log entries of the first commit.
struct First<'a> {
    config: &'a Config,
    authority: &'a Authority,
    journal: Journal,
    now: Timestamp,
    drafts: Vec<Draft>,
    entries: Vec<Vec<u8>>,
}

impl First<'_> {
    fn begin(&mut self, operators: &[Principal]) -> Result<(), StartError> {
        let operators: Vec<String> = operators.iter().map(ToString::to_string).collect();
        let about = json!({ "trust_domain": self.config.trust_domain, "operators": operators });
        self.log(EntryKind::Init, None, &about)
    }

    fn operator(&mut self, operator: &Principal, files: &OperatorFiles) -> Result<(), StartError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let csr = CertificateParams::default()
            .serialize_request(&key)?
            .pem()?;
        let lifetime = Some(self.config.certificates.client_longest);
        let issued = self
            .authority
            .issue_client(&csr, operator, lifetime, self.now)?;
        write_new(&files.key, &key.serialize_pem(), 0o600)?;
        write_new(&files.certificate, &issued.pem, 0o644)?;
        let spiffe = SpiffeId {
            trust_domain: self.authority.trust_domain().clone(),
            principal: operator.clone(),
        };
        let nobody = ("init".to_owned(), Vec::new());
        let certificate = CertificateRecord::first(&spiffe, &issued, nobody, self.now);
        let serial = *issued.serial.as_bytes();
        self.drafts.push(Draft::new(serial, &certificate)?);
        let id = CertificateId::from_bytes(serial).to_string();
        self.log(EntryKind::CertificateIssued, Some(id), &certificate)
    }

    /// Answers the secret.
    fn second_factor(&mut self, operator: &str, secrets: &Secrets) -> Result<String, StartError> {
        let record = SecondFactorRecord::first(operator, true);
        let id = second_factor::row_id(operator);
        self.drafts.push(Draft::new(id, &record)?);
        let about = json!({ "state": "shown", "generation": record.generation });
        let subject = Some(format!("operator/{operator}"));
        self.log(EntryKind::SecondFactor, subject, &about)?;
        Ok(secrets.uri(&self.config.trust_domain, &record))
    }

    fn policy(&mut self, name: &str, text: &str) -> Result<(), StartError> {
        let id = random_id()?;
        let record = PolicyRecord {
            version: 1,
            name: name.to_owned(),
            text: text.to_owned(),
            proposed_by: "init".to_owned(),
            created_at: self.now.micros(),
        };
        self.drafts.push(Draft::new(id, &record)?);
        let subject = PolicyId::from_bytes(id).to_string();
        let about = json!({ "version": 1, "name": name });
        self.log(EntryKind::PolicyActivated, Some(subject), &about)
    }

    /// Answers a line about each.
    fn approvers(&mut self, approvers: &[FirstApprover]) -> Result<Vec<String>, StartError> {
        let mut told = Vec::new();
        for approver in approvers {
            let id = random_id()?;
            let record = approver.record(self.now.micros());
            self.drafts.push(Draft::new(id, &record)?);
            let subject = ApproverId::from_bytes(id).to_string();
            let about = json!({ "enrolled": record });
            self.log(EntryKind::ApproverChanged, Some(subject), &about)?;
            told.push(approvers::told(id, approver));
        }
        Ok(told)
    }

    fn log(
        &mut self,
        kind: EntryKind,
        subject: Option<String>,
        detail: &impl serde::Serialize,
    ) -> Result<(), StartError> {
        let entry = self.journal.entry(kind, Actor::System, subject, detail)?;
        self.entries.push(entry);
        Ok(())
    }
}

fn random_id() -> Result<[u8; 16], StartError> {
    let mut id = [0_u8; 16];
    getrandom::fill(&mut id).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(id)
}

/// Members of groups who cannot approve yet.
fn not_enrolled(policy: Option<&(String, String)>, enrolled: &[FirstApprover]) -> Vec<String> {
    let set = policy.and_then(|(_, text)| countersign_policy::parse(text).ok());
    let groups = set.iter().flat_map(|set| set.groups());
    let mut names: Vec<String> = groups
        .flat_map(|group| group.approvers())
        .filter(|name| !enrolled.iter().any(|one| *one.name == ***name))
        .map(ToString::to_string)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
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
