//! The first start: token, configuration, `countersignd init`, certificates.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Appliance, PIN, TRUST_DOMAIN};
use crate::approver::Approver;
use crate::program::{self, Ended};

/// What a throw-away appliance is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// The policy; none is active without one.
    pub policy: Option<String>,
    /// Whether `envelope` custody is on.
    pub envelope: bool,
    /// Whether importing is on.
    pub import: bool,
    /// Custody of new wallets.
    pub custody: &'static str,
    /// Seconds between two renewals of the token's memory of the log.
    pub anchor_every: &'static str,
    /// Connections at once.
    pub max_connections: usize,
    /// Denials in a row after which a bot is frozen; never, if 0.
    pub freeze_after_denials: u32,
    /// Approvals in a row with a wrong signature after which their wallet is frozen.
    pub freeze_after_bad_signatures: u32,
    /// Whether operators need a one-time code.
    pub second_factor: bool,
    /// Threads that sign.
    pub workers: usize,
    /// Lines of the section `[share]`.
    pub share: &'static str,
    /// Where the programs are; beside the running test unless told.
    pub programs: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            policy: None,
            envelope: false,
            import: false,
            custody: "resident",
            anchor_every: "60s",
            max_connections: 256,
            freeze_after_denials: 0,
            freeze_after_bad_signatures: 10,
            second_factor: false,
            workers: 2,
            share: "",
            programs: None,
        }
    }
}

impl Options {
    /// The defaults with this policy.
    #[must_use]
    pub fn policy(text: impl Into<String>) -> Self {
        Self {
            policy: Some(text.into()),
            ..Self::default()
        }
    }
}

impl Appliance {
    /// Token, configuration and first start.
    ///
    /// # Errors
    /// As [`Appliance::running`].
    pub fn initialised(options: &Options) -> Result<Self> {
        let appliance = Self::configured(options)?;
        let ended = appliance.init()?;
        ensure!(ended.code == Some(0), "`countersignd init`: {ended}");
        Ok(appliance)
    }

    /// Token and configuration.
    ///
    /// # Errors
    /// As [`Appliance::running`].
    pub fn configured(options: &Options) -> Result<Self> {
        let programs = match &options.programs {
            Some(programs) => programs.clone(),
            None => program::directory()?,
        };
        for name in ["countersignd", "countersign"] {
            program::require(&programs, name)?;
        }
        let directory = tempfile::Builder::new()
            .prefix("countersign-test-")
            .tempdir()?;
        let appliance = Self {
            directory,
            programs,
            process: None,
            environment: Vec::new(),
        };
        appliance.make_token()?;
        appliance.write_configuration(options)?;
        if let Some(policy) = &options.policy {
            fs::write(appliance.path("policy.toml"), policy)?;
        }
        Ok(appliance)
    }

    fn make_token(&self) -> Result<()> {
        fs::create_dir(self.path("tokens"))?;
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n\
             slots.removable = false\n",
            self.path("tokens").display()
        );
        fs::write(self.path("softhsm2.conf"), text)?;
        self.write_pin(&format!("{PIN}\n"))?;
        let mut command = Command::new("softhsm2-util");
        command
            .args(["--init-token", "--free", "--label", "countersign"])
            .args(["--pin", PIN, "--so-pin", PIN])
            .env("SOFTHSM2_CONF", self.path("softhsm2.conf"));
        let ended = program::run(&mut command)
            .context("softhsm2-util does not run; `make setup` installs it")?;
        ensure!(ended.code == Some(0), "softhsm2-util: {ended}");
        Ok(())
    }

    /// Replaces the content of the PIN file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write_pin(&self, text: &str) -> Result<()> {
        let path = self.path("pin");
        fs::write(&path, text)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(())
    }

    fn write_configuration(&self, options: &Options) -> Result<()> {
        let text = format!(
            "trust_domain = '{TRUST_DOMAIN}'\n\
             state_dir = '{directory}'\n\
             [listen]\n\
             api = '127.0.0.1:0'\n\
             operations = '127.0.0.1:0'\n\
             server_names = ['127.0.0.1', 'localhost']\n\
             max_connections = {connections}\n\
             [hsm]\n\
             kind = 'pkcs11'\n\
             module = '{module}'\n\
             token = 'countersign'\n\
             pin_file = '{pin}'\n\
             workers = {workers}\n\
             [custody]\n\
             envelope = {envelope}\n\
             allow_swap = true\n\
             import = {import}\n\
             default = '{custody}'\n\
             [log]\n\
             anchor_every = '{anchor_every}'\n\
             [freeze]\n\
             after_denials = {denials}\n\
             after_bad_signatures = {bad_signatures}\n\
             [operators]\n\
             second_factor = '{second_factor}'\n\
             [share]\n\
             {share}\n",
            share = options.share,
            directory = self.root().display(),
            connections = options.max_connections,
            module = program::softhsm_module()?.display(),
            pin = self.path("pin").display(),
            workers = options.workers,
            envelope = options.envelope,
            import = options.import,
            custody = options.custody,
            anchor_every = options.anchor_every,
            denials = options.freeze_after_denials,
            bad_signatures = options.freeze_after_bad_signatures,
            second_factor = if options.second_factor {
                "totp"
            } else {
                "none"
            },
        );
        fs::write(self.path("countersignd.toml"), text)?;
        Ok(())
    }

    /// Runs `countersignd init`.
    ///
    /// # Errors
    /// A program that cannot be started or does not end.
    pub fn init(&self) -> Result<Ended> {
        let mut command = self.countersignd();
        command
            .args(["init", "--json", "--operator", "a", "--operator", "b"])
            .arg("--operator-out")
            .arg(self.root());
        for approver in Approver::ALL {
            command.arg("--approver");
            command.arg(format!("{}={}", approver.name(), approver.public_key()));
        }
        let policy = self.path("policy.toml");
        if policy.exists() {
            let text = fs::read_to_string(&policy)?;
            if !text.contains("[groups.change]") {
                command.arg("--nobody-can-change-this-later");
            }
            command.arg("--policy").arg(policy);
        }
        program::run(&mut command)
    }

    /// The certificates that `make dev` issues too, under the same names; the operators have
    /// theirs from the first start.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn issue_all(&self) -> Result<()> {
        for (role, name) in [
            ("bot", "bot"),
            ("bot", "bot2"),
            ("gateway", "gateway"),
            ("auditor", "auditor"),
            ("risk", "risk"),
        ] {
            self.issue(role, name).await?;
        }
        Ok(())
    }

    /// Issues a certificate over the API and answers its identifier. The files are named after
    /// the principal, with its role before the name of an operator.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn issue(&self, role: &str, name: &str) -> Result<String> {
        let file = match role {
            "operator" => format!("operator-{name}"),
            _ => name.to_owned(),
        };
        self.issue_as(role, name, &file, None).await
    }

    /// The same into files of this name, with this lifetime.
    ///
    /// # Errors
    /// The appliance refuses.
    pub async fn issue_as(
        &self,
        role: &str,
        name: &str,
        file: &str,
        lifetime: Option<&str>,
    ) -> Result<String> {
        let operator = self.client("operator-a")?;
        let (key, csr) = crate::client::key_and_csr()?;
        let issued = operator.issue(&csr, role, name, lifetime).await?;
        let key_path = self.path(&format!("{file}.key"));
        File::create(&key_path)?.set_permissions(Permissions::from_mode(0o600))?;
        fs::write(key_path, key)?;
        fs::write(self.path(&format!("{file}.pem")), &issued.pem)?;
        Ok(issued.certificate.id)
    }
}
