//! A throw-away appliance: a SoftHSM2 token, a database and the real programs in a directory that
//! is gone afterwards. Every wait has a bound.

mod setup;
mod shared;

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::client::Client;
use crate::plain::Plain;
use crate::program::{self, Ended};

pub use setup::Options;
pub use shared::Shared;

/// How often something is looked at while waiting for it.
const STEP: Duration = Duration::from_millis(10);

/// Steps until a start counts as failed: a minute, on a machine that does other things too.
const START_STEPS: u32 = 6_000;

/// Steps until a stop counts as failed, and the process is killed.
const STOP_STEPS: u32 = 3_000;

/// The user PIN of the token. Tests look for it where it must not be.
pub const PIN: &str = "8125-pin-of-this-token-4096";

/// The trust domain of every throw-away appliance.
pub const TRUST_DOMAIN: &str = "desk.example";

/// A throw-away appliance. Stopped, and its directory removed, when it is dropped.
#[derive(Debug)]
pub struct Appliance {
    directory: TempDir,
    programs: PathBuf,
    process: Option<Child>,
    environment: Vec<(String, OsString)>,
}

impl Appliance {
    /// Token, configuration, first start, certificates for everybody, and a running appliance.
    ///
    /// # Errors
    /// A program or SoftHSM2 that is not there, or anything that does not work.
    pub async fn running(options: &Options) -> Result<Self> {
        let mut appliance = Self::initialised(options)?;
        appliance.start().await?;
        appliance.issue_all().await?;
        Ok(appliance)
    }

    /// The directory of everything.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// A file in it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// `countersignd` with this appliance's token and configuration, not started yet.
    #[must_use]
    pub fn countersignd(&self) -> Command {
        let mut command = Command::new(self.programs.join("countersignd"));
        command
            .arg("--config")
            .arg(self.path("countersignd.toml"))
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"))
            .env_remove("CREDENTIALS_DIRECTORY")
            .envs(self.environment.iter().cloned());
        command
    }

    /// Starts `countersignd` from now on with these variables, and without those given before.
    pub fn set_environment(&mut self, variables: Vec<(String, OsString)>) {
        self.environment = variables;
    }

    /// `countersign` as one of those with a certificate, not started yet.
    #[must_use]
    pub fn countersign(&self, who: &str) -> Command {
        let mut command = Command::new(self.programs.join("countersign"));
        command
            .arg("--state-dir")
            .arg(self.root())
            .args(["--as", who]);
        command
    }

    /// Starts the appliance and waits until it listens.
    ///
    /// # Errors
    /// It ends, or does not listen in time; what it logged says why.
    pub async fn start(&mut self) -> Result<()> {
        match self.try_start(None).await? {
            None => Ok(()),
            Some(ended) => bail!("countersignd ended: {ended}"),
        }
    }

    /// The same with another standard error than its log.
    ///
    /// # Errors
    /// As [`Appliance::start`].
    pub async fn start_with(&mut self, stderr: Stdio) -> Result<()> {
        match self.try_start(Some(stderr)).await? {
            None => Ok(()),
            Some(ended) => bail!("countersignd ended: {ended}"),
        }
    }

    /// Starts the appliance where it has to refuse, and answers how it ended.
    ///
    /// # Errors
    /// It listens, and was killed.
    pub async fn refused(&mut self) -> Result<Ended> {
        match self.try_start(None).await? {
            Some(ended) => Ok(ended),
            None => {
                self.kill();
                bail!("expected countersignd to refuse to start, but it listens")
            }
        }
    }

    async fn try_start(&mut self, stderr: Option<Stdio>) -> Result<Option<Ended>> {
        ensure!(self.process.is_none(), "it runs already");
        let logged = self.log().len();
        self.process = Some(self.spawn(stderr)?);
        for _ in 0..START_STEPS {
            if let Some(status) = self.ended()? {
                self.process = None;
                return Ok(Some(Ended {
                    code: status.code(),
                    stdout: String::new(),
                    stderr: self.log().split_off(logged),
                }));
            }
            let announced = fs::read_to_string(self.path("operations-url")).unwrap_or_default();
            if announced.ends_with('\n') {
                return Ok(None);
            }
            tokio::time::sleep(STEP).await;
        }
        self.kill();
        bail!("countersignd does not listen: {}", self.last_words())
    }

    fn spawn(&self, stderr: Option<Stdio>) -> Result<Child> {
        for name in ["url", "operations-url"] {
            let path = self.path(name);
            if path.exists() {
                fs::remove_file(path)?;
            }
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("countersignd.log"))?;
        self.countersignd()
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(stderr.unwrap_or_else(|| log.into()))
            .spawn()
            .context("cannot start countersignd")
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.process {
            Some(process) => Ok(process.try_wait()?),
            None => bail!("it does not run"),
        }
    }

    /// What it logged last.
    #[must_use]
    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().rev().take(3).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// Everything it logged, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("countersignd.log")).unwrap_or_default()
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// As [`Appliance::wait`].
    pub async fn stop(&mut self) -> Result<()> {
        program::terminate(self.pid().context("it does not run")?)?;
        self.wait().await
    }

    /// Waits for it to end after it was asked to.
    ///
    /// # Errors
    /// It does not end in time, and was killed; or it ended with a failure.
    pub async fn wait(&mut self) -> Result<()> {
        for _ in 0..STOP_STEPS {
            if let Some(status) = self.ended()? {
                self.process = None;
                ensure!(
                    status.success(),
                    "countersignd ended, {status}: {}",
                    self.last_words()
                );
                return Ok(());
            }
            tokio::time::sleep(STEP).await;
        }
        self.kill();
        bail!(
            "countersignd does not stop and was killed: {}",
            self.last_words()
        )
    }

    /// Ends it without a word, as a power failure would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ended_already = process.kill();
            let _reaped = process.wait();
        }
    }

    /// Copies the database's files as they are now. The appliance should not run.
    ///
    /// # Errors
    /// Files that cannot be copied.
    pub fn copy_database(&self, to: &Path) -> Result<()> {
        fs::create_dir_all(to)?;
        for name in DATABASE_FILES {
            let from = self.path(name);
            if from.exists() {
                fs::copy(&from, to.join(name)).with_context(|| format!("copying {name}"))?;
            }
        }
        Ok(())
    }

    /// A second appliance on the same token, with a copy of everything else; `database` is its database.
    ///
    /// # Errors
    /// Files that cannot be copied.
    pub fn twin(&self, database: &Path) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("countersign-test-")
            .tempdir()?;
        for entry in fs::read_dir(self.root())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), directory.path().join(entry.file_name()))?;
            }
        }
        let twin = Self {
            directory,
            programs: self.programs.clone(),
            process: None,
            environment: self.environment.clone(),
        };
        for name in [&DATABASE_FILES[..], &["countersignd.log"]].concat() {
            if twin.path(name).exists() {
                fs::remove_file(twin.path(name))?;
            }
        }
        fs::copy(database, twin.path(DATABASE_FILES[0]))?;
        let (here, there) = (self.root().display(), twin.root().display());
        let text = fs::read_to_string(self.path("countersignd.toml"))?;
        let text = text.replace(&here.to_string(), &there.to_string());
        fs::write(twin.path("countersignd.toml"), text)?;
        Ok(twin)
    }

    /// Puts copied files of a database in the place of the present ones.
    ///
    /// # Errors
    /// Files that cannot be copied.
    pub fn restore_database(&self, from: &Path) -> Result<()> {
        for name in DATABASE_FILES {
            let present = self.path(name);
            if present.exists() {
                fs::remove_file(&present)?;
            }
            if from.join(name).exists() {
                fs::copy(from.join(name), &present)?;
            }
        }
        Ok(())
    }

    /// The URL of the API.
    ///
    /// # Errors
    /// It does not run.
    pub fn url(&self) -> Result<String> {
        let url = fs::read_to_string(self.path("url")).context("it does not run")?;
        Ok(url.trim_end().to_owned())
    }

    /// The API as one of those with a certificate, e.g. `bot` or `operator-a`.
    ///
    /// # Errors
    /// Nobody of that name has a certificate, or the appliance does not run.
    pub fn client(&self, who: &str) -> Result<Client> {
        Client::with_files(
            &self.url()?,
            &self.path("ca.pem"),
            &self.path(&format!("{who}.pem")),
            &self.path(&format!("{who}.key")),
        )
    }

    /// Asks the plain listener: `/livez`, `/readyz` or `/metrics`.
    ///
    /// # Errors
    /// No answer.
    pub fn operations(&self, path: &str) -> Result<Plain> {
        let url = fs::read_to_string(self.path("operations-url")).context("it does not run")?;
        let address = url.trim_end().trim_start_matches("http://").to_owned();
        crate::plain::get(&address, path)
    }
}

const DATABASE_FILES: [&str; 3] = ["countersign.db", "countersign.db-wal", "countersign.db-shm"];

impl Drop for Appliance {
    fn drop(&mut self) {
        self.kill();
    }
}
