//! Which appliance to talk to, and as whom.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign_intent::Span;
use serde::Deserialize;

use crate::failure::Failure;
use crate::input;

const MAX_CONFIG: u64 = 64 * 1024;

/// Flags that say which appliance to talk to. A flag or its variable wins over the profile.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// Profile of the config file; `default` if there is one
    #[arg(long, global = true, env = "COUNTERSIGN_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// Config file; ~/.config/countersign/config.toml unless told
    #[arg(long, global = true, env = "COUNTERSIGN_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Base URL of the appliance, e.g. <https://signer.desk.example:8443>
    #[arg(long, global = true, env = "COUNTERSIGN_URL")]
    pub url: Option<String>,
    /// PEM of the CA that signed the appliance's certificate
    #[arg(long, global = true, env = "COUNTERSIGN_CA", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// PEM of your client certificate
    #[arg(long, global = true, env = "COUNTERSIGN_CERT", value_name = "FILE")]
    pub cert: Option<PathBuf>,
    /// PEM of your client certificate's key
    #[arg(long, global = true, env = "COUNTERSIGN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Directory of `make dev`: reads `url`, `ca.pem` and the files of `--as`
    #[arg(long, global = true, env = "COUNTERSIGN_STATE_DIR", value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// With `--state-dir`: whose certificate to use
    #[arg(
        long = "as",
        global = true,
        value_name = "NAME",
        default_value = "operator-a"
    )]
    pub identity: String,
    /// File with your one-time code, `-` for standard input; else the variable `COUNTERSIGN_OTP`,
    /// else you are asked
    #[arg(long, global = true, value_name = "FILE")]
    pub otp_file: Option<PathBuf>,
    /// Longest wait for an answer
    #[arg(long, global = true, value_name = "TIME", default_value = "60s")]
    pub timeout: Span,
}

/// Where an appliance is and how to authenticate to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub url: String,
    pub ca: PathBuf,
    pub cert: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(default)]
    profiles: BTreeMap<String, Partial>,
}

/// What one source knows.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Partial {
    url: Option<String>,
    ca: Option<PathBuf>,
    cert: Option<PathBuf>,
    key: Option<PathBuf>,
}

impl Connection {
    /// Puts flags, variables and the profile together. `home` is the user's home directory.
    ///
    /// # Errors
    /// A file that cannot be read, an unknown profile, or something nobody told.
    pub(crate) fn resolve(&self, home: Option<&Path>) -> Result<Profile, Failure> {
        let base = match &self.state_dir {
            Some(_) if self.profile.is_some() => {
                return Err(Failure::usage(
                    "expected `--profile` or `--state-dir`, got both; leave one out",
                ));
            }
            Some(folder) => self.in_state_dir(folder)?,
            None => self.in_config(home)?,
        };
        self.over(base).whole()
    }

    fn in_state_dir(&self, folder: &Path) -> Result<Partial, Failure> {
        let url = input::read_text(&folder.join("url"), MAX_CONFIG).map_err(|failure| {
            failure.and("`--state-dir` names the directory that `make dev` printed")
        })?;
        Ok(Partial {
            url: Some(url.trim().to_owned()),
            ca: Some(folder.join("ca.pem")),
            cert: Some(folder.join(format!("{}.pem", self.identity))),
            key: Some(folder.join(format!("{}.key", self.identity))),
        })
    }

    fn in_config(&self, home: Option<&Path>) -> Result<Partial, Failure> {
        let usual = home.map(|home| home.join(".config/countersign/config.toml"));
        let Some(path) = self.config.clone().or(usual) else {
            return Ok(Partial::default());
        };
        let needed = self.config.is_some() || self.profile.is_some();
        if !needed && !path.exists() {
            return Ok(Partial::default());
        }
        let text = input::read_text(&path, MAX_CONFIG)?;
        let file: ConfigFile = toml::from_str(&text).map_err(|error| {
            Failure::usage(format!(
                "`{}`: {}",
                path.display(),
                error.to_string().trim()
            ))
        })?;
        let name = self.profile.as_deref().unwrap_or("default");
        match file.profiles.get(name) {
            Some(found) => Ok(found.clone().relative_to(&path)),
            None if self.profile.is_none() => Ok(Partial::default()),
            None => Err(Failure::usage(unknown_profile(name, &path, &file))),
        }
    }

    fn over(&self, base: Partial) -> Partial {
        Partial {
            url: self.url.clone().or(base.url),
            ca: self.ca.clone().or(base.ca),
            cert: self.cert.clone().or(base.cert),
            key: self.key.clone().or(base.key),
        }
    }
}

fn unknown_profile(name: &str, path: &Path, file: &ConfigFile) -> String {
    let known: Vec<String> = file
        .profiles
        .keys()
        .map(|name| format!("`{name}`"))
        .collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    format!(
        "no profile `{name}` in `{}`; it has {known}",
        path.display()
    )
}

impl Partial {
    /// Paths in a config file are relative to it.
    fn relative_to(self, file: &Path) -> Self {
        let folder = file.parent().unwrap_or(Path::new(""));
        let place = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        Self {
            url: self.url,
            ca: place(self.ca),
            cert: place(self.cert),
            key: place(self.key),
        }
    }

    fn whole(self) -> Result<Profile, Failure> {
        let missing: Vec<&str> = [
            ("--url", self.url.is_none()),
            ("--ca", self.ca.is_none()),
            ("--cert", self.cert.is_none()),
            ("--key", self.key.is_none()),
        ]
        .into_iter()
        .filter_map(|(flag, missing)| missing.then_some(flag))
        .collect();
        match (self.url, self.ca, self.cert, self.key) {
            (Some(url), Some(ca), Some(cert), Some(key)) => Ok(Profile { url, ca, cert, key }),
            _ => Err(Failure::usage(format!(
                "expected {} to reach an appliance",
                missing.join(", ")
            ))
            .and("give flags, or a profile in ~/.config/countersign/config.toml:")
            .and("  [profiles.default]")
            .and("  url = \"https://…\"")
            .and("  ca = \"ca.pem\"")
            .and("  cert = \"me.pem\"")
            .and("  key = \"me.key\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        [profiles.default]
        url = "https://one.example"
        ca = "ca.pem"
        cert = "me.pem"
        key = "/keys/me.key"

        [profiles.two]
        url = "https://two.example"
    "#;

    fn home_with(text: &str) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".config/countersign");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.toml"), text).unwrap();
        home
    }

    #[test]
    fn the_default_profile_is_found_and_its_paths_are_relative_to_the_file() {
        let home = home_with(FILE);
        let profile = Connection::default().resolve(Some(home.path())).unwrap();
        assert_eq!(profile.url, "https://one.example");
        assert_eq!(profile.ca, home.path().join(".config/countersign/ca.pem"));
        assert_eq!(profile.key, Path::new("/keys/me.key"));
    }

    #[test]
    fn a_flag_wins_over_the_profile() {
        let home = home_with(FILE);
        let flags = Connection {
            url: Some("https://flag.example".to_owned()),
            cert: Some("here.pem".into()),
            ..Connection::default()
        };
        let profile = flags.resolve(Some(home.path())).unwrap();
        assert_eq!(profile.url, "https://flag.example");
        assert_eq!(profile.cert, Path::new("here.pem"));
    }

    #[test]
    fn what_nobody_told_is_named() {
        let home = home_with(FILE);
        let flags = Connection {
            profile: Some("two".to_owned()),
            ..Connection::default()
        };
        let failure = flags.resolve(Some(home.path())).unwrap_err();
        assert_eq!(
            failure.lines[0],
            "expected --ca, --cert, --key to reach an appliance"
        );
        let failure = Connection::default().resolve(None).unwrap_err();
        assert!(failure.lines[0].contains("--url"), "{failure:?}");
    }

    #[test]
    fn an_unknown_profile_is_refused_with_the_known_ones() {
        let home = home_with(FILE);
        let flags = Connection {
            profile: Some("three".to_owned()),
            ..Connection::default()
        };
        let failure = flags.resolve(Some(home.path())).unwrap_err();
        assert!(
            failure.lines[0].ends_with("it has `default`, `two`"),
            "{failure:?}"
        );
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let home = home_with("[profiles.default]\npassword = \"x\"\n");
        let failure = Connection::default()
            .resolve(Some(home.path()))
            .unwrap_err();
        assert!(failure.lines[0].contains("password"), "{failure:?}");
        assert!(failure.lines[0].contains("line 2"), "{failure:?}");
    }

    #[test]
    fn a_state_dir_is_a_whole_profile() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("url"), "https://127.0.0.1:8443\n").unwrap();
        let flags = Connection {
            state_dir: Some(folder.path().to_owned()),
            identity: "auditor".to_owned(),
            ..Connection::default()
        };
        let profile = flags.resolve(None).unwrap();
        assert_eq!(profile.url, "https://127.0.0.1:8443");
        assert_eq!(profile.cert, folder.path().join("auditor.pem"));
        assert_eq!(profile.key, folder.path().join("auditor.key"));
        let both = Connection {
            profile: Some("two".to_owned()),
            ..flags
        };
        assert!(both.resolve(None).is_err());
    }
}
