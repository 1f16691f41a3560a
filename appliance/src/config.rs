//! The configuration file. Unknown keys are refused; secrets are never in it, only the names of
//! files that hold them.

mod custody;
mod hsm;
mod listen;
mod share;

use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_intent::Span;
use countersign_store::Location;
use secrecy::SecretString;
use serde::Deserialize;

pub use custody::{Custody, CustodyKind};
pub use hsm::Hsm;
pub use listen::Listen;
pub use share::Share;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what is expected.
    #[error("the configuration `{path}` is not valid: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        message: String,
    },
    /// A value is out of its bounds.
    #[error("`{key}`: {message}")]
    Value {
        /// The key.
        key: &'static str,
        /// What was expected, what came, what to do.
        message: String,
    },
    /// The PIN cannot be had.
    #[error("the HSM's PIN: {0}")]
    Pin(String),
}

/// Everything `countersignd` is told.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Trust domain of the SPIFFE ids, e.g. `desk.example`.
    pub trust_domain: String,
    /// Directory of the database, the CA certificate and the files written at start.
    pub state_dir: PathBuf,
    /// Where to listen.
    #[serde(default)]
    pub listen: Listen,
    /// The token.
    pub hsm: Hsm,
    /// Where wallet keys live.
    #[serde(default)]
    pub custody: Custody,
    /// The database.
    #[serde(default)]
    pub store: Store,
    /// The audit log.
    #[serde(default)]
    pub log: Log,
    /// Certificate lifetimes.
    #[serde(default)]
    pub certificates: Certificates,
    /// Trust in the clock.
    #[serde(default)]
    pub clock: Clock,
    /// When the appliance stops somebody by itself.
    #[serde(default)]
    pub freeze: Freeze,
    /// What operators need beside their certificate.
    #[serde(default)]
    pub operators: Operators,
    /// What one principal may have of what everybody shares.
    #[serde(default)]
    pub share: Share,
}

/// What operators need beside their certificate.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Operators {
    /// A one-time code for everything that does not only refuse.
    pub second_factor: SecondFactorKind,
}

/// Kinds of second factors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecondFactorKind {
    /// The certificate is enough.
    #[default]
    None,
    /// Codes by time, RFC 6238.
    Totp,
}

/// When the appliance stops somebody by itself.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Freeze {
    /// Denials in a row after which a bot is frozen; never, if 0.
    pub after_denials: u32,
    /// Approvals in a row whose signature does not verify after which the wallet is frozen that
    /// they are about, and co-signatures after which the bot is that sent them; never, if 0.
    pub after_bad_signatures: u32,
    /// Signatures of the token in a row that do not verify after which their wallet is frozen,
    /// and everything if it is not the first wallet; never, if 0.
    pub after_unverifiable: u32,
}

impl Default for Freeze {
    fn default() -> Self {
        Self {
            after_denials: 0,
            after_bad_signatures: 10,
            after_unverifiable: 2,
        }
    }
}

/// The database.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Where it is, as a URL.
    #[serde(deserialize_with = "location")]
    pub url: Option<Location>,
    /// A file that it is in; `countersign.db` in the state directory unless told.
    pub path: Option<PathBuf>,
    /// How long what was asked for is kept, so that `policy backtest` can judge it again; not at
    /// all, if zero.
    #[serde(deserialize_with = "span")]
    pub keep_messages: Span,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: None,
            path: None,
            keep_messages: Span::from_secs(90 * 24 * 60 * 60),
        }
    }
}

/// The audit log.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Origin line of the checkpoints; `<trust domain>/audit` unless told.
    pub origin: Option<String>,
    /// How often the log's head is signed, while it grows.
    #[serde(deserialize_with = "span")]
    pub checkpoint_every: Span,
    /// How often the token's own memory of the log is renewed, while it grows.
    #[serde(deserialize_with = "span")]
    pub anchor_every: Span,
    /// How long withdrawals go on while that memory cannot be renewed.
    #[serde(deserialize_with = "span")]
    pub anchor_grace: Span,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            origin: None,
            checkpoint_every: Span::from_secs(1),
            anchor_every: Span::from_secs(60),
            anchor_grace: Span::from_secs(10 * 60),
        }
    }
}

/// Certificate lifetimes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Certificates {
    /// Of a client, unless asked otherwise.
    #[serde(deserialize_with = "span")]
    pub client: Span,
    /// Of a client, at most.
    #[serde(deserialize_with = "span")]
    pub client_longest: Span,
    /// Of the server.
    #[serde(deserialize_with = "span")]
    pub server: Span,
}

impl Default for Certificates {
    fn default() -> Self {
        let lifetimes = crate::identity::Lifetimes::default();
        Self {
            client: lifetimes.client,
            client_longest: lifetimes.client_longest,
            server: lifetimes.server,
        }
    }
}

/// Trust in the clock.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Clock {
    /// How far the clock may step, back or forward, before withdrawals stop.
    #[serde(deserialize_with = "span")]
    pub tolerance: Span,
    /// How long the appliance may have been stopped, by the clock, over a restart of the machine before
    /// the clock is held to have been set.
    #[serde(deserialize_with = "span")]
    pub max_stop: Span,
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            tolerance: Span::from_secs(5),
            max_stop: Span::from_secs(7 * 86_400),
        }
    }
}

fn span<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn location<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Location>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Config {
    /// Reads and checks a configuration file.
    ///
    /// # Errors
    /// A file that cannot be read, has unknown keys, or has values out of their bounds.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let config: Self = toml::from_str(&text).map_err(|error| ConfigError::Parse {
            path: path.to_owned(),
            message: error.to_string(),
        })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let value = |key, message: String| Err(ConfigError::Value { key, message });
        if self.store.url.is_some() && self.store.path.is_some() {
            let message = "got `store.url` and `store.path`; leave one out".to_owned();
            return value("store.path", message);
        }
        if self.custody.default == CustodyKind::Envelope && !self.custody.envelope {
            return value(
                "custody.default",
                "`envelope` is turned off; set `custody.envelope = true` if key bytes may pass \
                 through this process"
                    .to_owned(),
            );
        }
        if !(1..=65_536).contains(&self.listen.max_connections) {
            return value(
                "listen.max_connections",
                format!("expected 1 to 65536, got {}", self.listen.max_connections),
            );
        }
        if !(4096..=16 * 1024 * 1024).contains(&self.listen.max_body) {
            return value(
                "listen.max_body",
                format!(
                    "expected 4096 to 16777216 bytes, got {}",
                    self.listen.max_body
                ),
            );
        }
        for (key, count) in [
            ("share.pending", self.share.pending),
            ("share.open_changes", self.share.open_changes),
        ] {
            if !(1..=100_000).contains(&count) {
                return value(key, format!("expected 1 to 100000, got {count}"));
            }
        }
        if self.hsm.workers == Some(0) || self.hsm.workers.is_some_and(|workers| workers > 64) {
            return value("hsm.workers", "expected 1 to 64".to_owned());
        }
        if self.certificates.client > self.certificates.client_longest {
            return value(
                "certificates.client",
                format!(
                    "{} is longer than `certificates.client_longest`, {}",
                    self.certificates.client, self.certificates.client_longest
                ),
            );
        }
        Ok(())
    }

    /// Whether operators need a one-time code.
    #[must_use]
    pub fn second_factor(&self) -> bool {
        self.operators.second_factor == SecondFactorKind::Totp
    }

    /// Origin of the log.
    #[must_use]
    pub fn log_origin(&self) -> String {
        self.log
            .origin
            .clone()
            .unwrap_or_else(|| format!("{}/audit", self.trust_domain))
    }

    /// Where the database is.
    #[must_use]
    pub fn database(&self) -> Location {
        self.store.url.clone().unwrap_or_else(|| {
            let own = self.state_dir.join("countersign.db");
            Location::file(self.store.path.as_deref().unwrap_or(&own))
        })
    }

    /// How long a signature may take.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        Duration::from_micros(self.hsm.deadline.micros())
    }

    /// Reads the PIN from its file, or from the service manager's credential `hsm-pin`.
    ///
    /// # Errors
    /// No file, a file that others can read, or an empty one.
    pub fn pin(&self) -> Result<SecretString, ConfigError> {
        let path = match &self.hsm.pin_file {
            Some(path) => path.clone(),
            None => std::env::var_os("CREDENTIALS_DIRECTORY")
                .map(|directory| PathBuf::from(directory).join("hsm-pin"))
                .ok_or_else(|| {
                    ConfigError::Pin(
                        "set `hsm.pin_file`, or load the credential `hsm-pin` with \
                         LoadCredentialEncrypted="
                            .to_owned(),
                    )
                })?,
        };
        // The service manager's credentials belong to root and are shown to the service's group.
        let own = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let shown_by_manager = own.is_some_and(|directory| path.starts_with(directory));
        refuse_readable_by_others(&path, if shown_by_manager { 0o037 } else { 0o077 })?;
        let text = std::fs::read_to_string(&path).map_err(|error| {
            ConfigError::Pin(format!("cannot read `{}`: {error}", path.display()))
        })?;
        let pin = text.trim_end_matches(['\r', '\n']);
        if pin.is_empty() {
            return Err(ConfigError::Pin(format!("`{}` is empty", path.display())));
        }
        Ok(SecretString::from(pin))
    }
}

fn refuse_readable_by_others(path: &Path, refused: u32) -> Result<(), ConfigError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path)
        .map_err(|error| ConfigError::Pin(format!("cannot read `{}`: {error}", path.display())))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & refused != 0 {
        return Err(ConfigError::Pin(format!(
            "`{}` has mode {mode:o} and can be read by others; run `chmod 600` on it",
            path.display()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "trust_domain = 'desk.example'\nstate_dir = '/var/lib/countersign'\n\
        [hsm]\nkind = 'pkcs11'\nmodule = '/usr/lib/softhsm/libsofthsm2.so'\ntoken = 'countersign'\n";

    fn read(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::read(file.path())
    }

    #[test]
    fn defaults_are_the_safe_ones() {
        let config = read(SMALLEST).unwrap();
        assert!(config.listen.api.ip().is_loopback());
        assert!(config.listen.operations.ip().is_loopback());
        assert!(!config.custody.envelope);
        assert_eq!(config.custody.default, CustodyKind::Resident);
        assert_eq!(config.log_origin(), "desk.example/audit");
        assert_eq!(config.freeze.after_unverifiable, 2);
        assert!(!config.second_factor());
        let totp = format!("{SMALLEST}[operators]\nsecond_factor = 'totp'\n");
        assert!(read(&totp).unwrap().second_factor());
        assert!(read(&totp.replace("totp", "sms")).is_err());
        assert_eq!(config.store.keep_messages.to_string(), "90d");
    }

    #[test]
    fn a_database_is_found_by_its_url_or_as_a_file() {
        let at = |store: &str| read(&format!("{SMALLEST}[store]\n{store}\n"));
        let path = |store: &str| at(store).unwrap().database().path();
        let file = Some(PathBuf::from("/data/x.db"));
        assert_eq!(path("url = 'sqlite:/data/x.db'"), file);
        assert_eq!(path("path = '/data/x.db'"), file);
        let refused = at("url = 'mysql://h/d'").unwrap_err().to_string();
        assert!(refused.contains("`sqlite:`"), "{refused}");
        let both = at("url = 'sqlite:/data/x.db'\npath = '/data/x.db'").unwrap_err();
        assert!(both.to_string().contains("leave one out"), "{both}");
    }

    #[test]
    fn nothing_is_kept_where_the_operator_says_so() {
        let config = read(&format!("{SMALLEST}[store]\nkeep_messages = '0s'\n")).unwrap();
        assert_eq!(config.store.keep_messages, Span::ZERO);
        assert!(read(&format!("{SMALLEST}[store]\nkeep_messages = 'never'\n")).is_err());
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = read(&format!("{SMALLEST}pin = '1234'\n")).unwrap_err();
        assert!(error.to_string().contains("pin"), "{error}");
    }

    #[test]
    fn values_out_of_bounds_are_refused_by_key() {
        for (text, key) in [
            ("[custody]\ndefault = 'envelope'\n", "custody.default"),
            ("[listen]\nmax_connections = 0\n", "listen.max_connections"),
            ("[listen]\nmax_body = 1\n", "listen.max_body"),
            ("[share]\npending = 0\n", "share.pending"),
            ("[share]\nopen_changes = 0\n", "share.open_changes"),
            ("[certificates]\nclient = '99d'\n", "certificates.client"),
        ] {
            let error = read(&format!("{SMALLEST}{text}")).unwrap_err();
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn a_pin_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "1234\n").unwrap();
        let mut config = read(SMALLEST).unwrap();
        config.hsm.pin_file = Some(file.path().to_owned());
        assert!(config.pin().is_ok());
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = config.pin().unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
}
