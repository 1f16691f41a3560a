//! A machine as `deploy/README.md` sets it up, on which the pages of `deploy` are run as they stand.
//!
//! Every block of kind `sh` is run by bash, in the page's order, in one session for a page. What stands
//! for the machine, and is all that differs from one:
//!
//! * Paths below `/etc/countersign`, `/etc/systemd`, `/var/lib/countersign`, `/run/countersign-…` and
//!   `/usr/bin` lie in a directory that is gone afterwards; `target/release` is where the programs under
//!   test are, and SoftHSM2's module is where it is installed. The ports 8443 and 8444 are free ones.
//! * `desk-a.toml`, the policy of one's own, is the sample `deploy/dev/policy.toml`.
//! * `apt-get`, `adduser` and `chown` do nothing; `install` and `runuser` leave out whom files are for and
//!   who runs: there is one user.
//! * `systemctl` starts and stops the real program with what the unit gives it (`softhsm2.conf` and the
//!   PIN as a credential), and a start fails where the program ends. `systemd-creds` keeps the PIN in a
//!   file, `systemd-ask-password` answers with it.
//! * `softhsm2-util` and `pkcs11-tool`, which ask for PINs, are the real ones with the PINs given.
//! * `countersignd` and `countersign` are the real ones with the configuration and the operator's
//!   profile of this machine.
//!
//! Words that a page has in capitals behind a `$` (`"$WALLET"`) are variables, set by the test.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::program::{self, Ended};

/// The user PIN of the token.
pub const PIN: &str = "5577-pin-of-the-machine";

/// The security officer's.
const SO_PIN: &str = "9911-pin-of-the-officer";

const STUBS: [(&str, &str); 13] = [
    ("apt-get", "exit 0"),
    ("adduser", "exit 0"),
    ("chown", "exit 0"),
    ("install", include_str!("runbook/install.sh")),
    ("runuser", "shift 3\nexec \"$@\""),
    ("systemctl", include_str!("runbook/systemctl.sh")),
    ("systemd-creds", include_str!("runbook/systemd-creds.sh")),
    ("systemd-ask-password", "printf %s \"$PIN\""),
    (
        "softhsm2-util",
        "exec /usr/bin/softhsm2-util \"$@\" --pin \"$PIN\" --so-pin \"$SO_PIN\"",
    ),
    ("pkcs11-tool", include_str!("runbook/pkcs11-tool.sh")),
    (
        "countersignd",
        "exec \"$ROOT/usr/bin/countersignd\" --config \"$ROOT/etc/countersign/countersignd.toml\" \"$@\"",
    ),
    ("countersign", "exec \"$ROOT/usr/bin/countersign\" \"$@\""),
    ("udevadm", "exit 0"),
];

/// The blocks of kind `sh` of a page, without the indentation of lists.
///
/// # Errors
/// A block that does not end.
pub fn blocks(page: &str) -> Result<Vec<String>> {
    let (mut found, mut open) = (Vec::new(), None::<(usize, Vec<&str>)>);
    for line in page.lines() {
        let indent = line.len() - line.trim_start().len();
        match &mut open {
            None if line.trim() == "```sh" => open = Some((indent, Vec::new())),
            None => {}
            Some((_, lines)) if line.trim() == "```" => {
                found.push(lines.join("\n"));
                open = None;
            }
            Some((indent, lines)) => lines.push(line.get(*indent..).unwrap_or_default()),
        }
    }
    ensure!(open.is_none(), "a block does not end");
    Ok(found)
}

/// The machine. What runs on it is stopped, and all of it removed, when it is dropped.
#[derive(Debug)]
pub struct Machine {
    directory: TempDir,
    programs: PathBuf,
    ports: [u16; 2],
}

impl Machine {
    /// An empty machine with what `make build` leaves.
    ///
    /// # Errors
    /// A program that is not there.
    pub fn new() -> Result<Self> {
        let programs = program::directory()?;
        for name in ["countersignd", "countersign"] {
            program::require(&programs, name)?;
        }
        for needed in [
            "/usr/bin/pkcs11-tool",
            "/usr/bin/softhsm2-util",
            "/usr/bin/curl",
        ] {
            ensure!(
                Path::new(needed).is_file(),
                "`{needed}` is not there; `make setup` installs it"
            );
        }
        let machine = Self {
            directory: tempfile::tempdir()?,
            programs,
            ports: [free_port()?, free_port()?],
        };
        for directory in [
            "bin",
            "usr/bin",
            "etc/systemd/system",
            "var/lib",
            "run",
            "home",
        ] {
            fs::create_dir_all(machine.path(directory))?;
        }
        for (name, text) in STUBS {
            let path = machine.path(&format!("bin/{name}"));
            fs::write(
                &path,
                format!("#!/usr/bin/env bash\nset -euo pipefail\n{text}\n"),
            )?;
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
        }
        Ok(machine)
    }

    /// A file of it.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs a script as it stands, with these variables.
    ///
    /// # Errors
    /// It cannot be started, or does not end.
    pub fn run(&self, script: &str, variables: &[(&str, &str)]) -> Result<Ended> {
        let path = std::env::var("PATH")?;
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &self.here(script)?])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("ROOT", self.directory.path())
            .env("HOME", self.path("home"))
            .env("PIN", PIN)
            .env("SO_PIN", SO_PIN)
            .env_remove("CREDENTIALS_DIRECTORY")
            .env_remove("SOFTHSM2_CONF")
            .envs(variables.iter().copied());
        program::run(&mut bash)
    }

    /// The same, where every command has to succeed; answers what it printed.
    ///
    /// # Errors
    /// It fails; what it said, and what the service logged last.
    pub fn done(&self, script: &str, variables: &[(&str, &str)]) -> Result<String> {
        let ended = self.run(script, variables)?;
        if ended.code != Some(0) {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            bail!("{script}\n{ended}\n{}", last.join("\n"));
        }
        Ok(ended.stdout)
    }

    fn here(&self, script: &str) -> Result<String> {
        let module = program::softhsm_module()?.display().to_string();
        let root = self.directory.path().display().to_string();
        let programs = self.programs.display().to_string();
        let [api, operations] = self.ports;
        let mut text = script
            .replace("/usr/lib/softhsm/libsofthsm2.so", "@MODULE@")
            .replace("target/release/", "@PROGRAMS@/")
            .replace("desk-a.toml", "deploy/dev/policy.toml")
            .replace(":8443", &format!(":{api}"))
            .replace(":8444", &format!(":{operations}"));
        for place in [
            "/etc/countersign",
            "/etc/systemd",
            "/var/lib/countersign",
            "/run/countersign",
            "/usr/bin/",
        ] {
            text = text.replace(place, &format!("{root}{place}"));
        }
        Ok(text
            .replace("@MODULE@", &module)
            .replace("@PROGRAMS@", &programs))
    }

    /// Sets the machine up by the blocks of `deploy/README.md`, with its file of the configuration edited
    /// as that page says, and an operator's profile.
    ///
    /// # Errors
    /// A command of that page that fails.
    pub fn set_up(&self) -> Result<()> {
        let page = include_str!("../../deploy/README.md");
        let blocks = blocks(page)?;
        let mut blocks = blocks.iter();
        let mut next = || blocks.next().context("deploy/README.md has fewer blocks");
        self.done(next()?, &[])?;
        self.edit_configuration()?;
        self.done(next()?, &[])?;
        self.done(next()?, &[])?;
        self.keep_profile()?;
        let ready = self.done(next()?, &[])?;
        ensure!(ready.contains("\"ready\""), "{ready}");
        for block in blocks {
            self.done(block, &[])?;
        }
        Ok(())
    }

    fn edit_configuration(&self) -> Result<()> {
        let path = self.path("etc/countersign/countersignd.toml");
        let text = fs::read_to_string(&path)?;
        let mut edited = self.here(&text)?;
        for key in ["api", "operations"] {
            edited = edited.replace(&format!("# {key} = "), &format!("{key} = "));
        }
        fs::write(path, edited)?;
        Ok(())
    }

    fn keep_profile(&self) -> Result<()> {
        let home = self.path("home/.config/countersign");
        fs::create_dir_all(&home)?;
        let made = self.path("run/countersign-init");
        for (from, to) in [
            ("operator-alice.pem", "alice.pem"),
            ("operator-alice.key", "alice.key"),
        ] {
            fs::copy(made.join(from), home.join(to))?;
        }
        fs::copy(self.path("var/lib/countersign/ca.pem"), home.join("ca.pem"))?;
        let [api, _] = self.ports;
        let profile = format!(
            "[profiles.default]\nurl = \"https://localhost:{api}\"\nca = \"ca.pem\"\ncert = \"alice.pem\"\n\
             key = \"alice.key\"\n"
        );
        fs::write(home.join("config.toml"), profile)?;
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Nothing is left to be told.
        let _ = self.run("systemctl stop countersignd", &[]);
    }
}

/// One that stays free until it is listened on: below those that the kernel gives to connections
/// (`ip_local_port_range`), and in another place for each process.
fn free_port() -> Result<u16> {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let nth = TRIED.fetch_add(1, Ordering::Relaxed);
        ensure!(nth < 1_000, "no port between 10000 and 30000 is free");
        let place = std::process::id().wrapping_mul(7).wrapping_add(nth) % 20_000;
        let port = u16::try_from(10_000 + place)?;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
}
