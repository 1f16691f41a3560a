//! `countersignd doctor`: what is wrong, and how to mend it.

mod people;
mod wallets;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use countersign_hsm::canary::canary;
use countersign_hsm::{Device, KeyType, ceremony};
use countersign_intent::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::start::{self, StartError};
use crate::wallets::sealed::Recipient;
use people::Changes;

/// A build is never run before it was made; a clock that says so is wrong.
const EARLIEST: &str = "2026-11-01T00:00:00Z";

/// One finding.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// Whether it works, and is less than it should be.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub warning: bool,
    /// What was found, and what to do if it is not as it should be.
    pub detail: String,
}

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.findings.iter().all(|finding| finding.ok)
    }

    fn add(&mut self, check: impl Into<String>, found: Result<String, String>) {
        let (ok, detail) = match found {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        self.push(check.into(), ok, false, detail);
    }

    fn warn(&mut self, check: impl Into<String>, detail: String) {
        self.push(check.into(), true, true, detail);
    }

    fn push(&mut self, check: String, ok: bool, warning: bool, detail: String) {
        self.findings.push(Finding {
            check,
            ok,
            warning,
            detail,
        });
    }
}

/// Looks at everything that can be looked at without a running appliance.
pub async fn examine(path: &Path) -> Report {
    let mut report = Report::default();
    report.add("hardening", hardening());
    report.add("entropy", entropy());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    report.add("clock", clock_sane(clock.now()));
    let config = match Config::read(path) {
        Ok(config) => config,
        Err(error) => {
            report.add("configuration", Err(error.to_string()));
            return report;
        }
    };
    report.add("configuration", Ok(path.display().to_string()));
    if let Some(device) = examine_token(&config, &mut report) {
        examine_state(&config, device, &clock, &mut report).await;
    }
    report
}

fn examine_token(config: &Config, report: &mut Report) -> Option<Arc<dyn Device>> {
    let device = match start::open_token(config) {
        Ok(device) => device,
        Err(error) => {
            report.add("hsm", Err(error.to_string()));
            return None;
        }
    };
    let able = device.capabilities();
    report.add(
        "hsm",
        Ok(format!(
            "{} {}, firmware {}",
            able.model, able.serial, able.firmware
        )),
    );
    report.add("firmware", firmware(&*device));
    let envelope = match (config.custody.envelope, able.envelope.is_empty()) {
        (false, _) => "off".to_owned(),
        (true, false) => "on: key bytes pass through this process".to_owned(),
        (true, true) => "on, but the token cannot".to_owned(),
    };
    report.add("custody.envelope", Ok(envelope));
    let import = if config.custody.import {
        "on: an imported key's bytes pass through this process once"
    } else {
        "off"
    };
    report.add("custody.import", Ok(import.to_owned()));
    if config.custody.passes_key_bytes() {
        let locked = lock_memory().map(|()| "can be locked".to_owned());
        report.add(
            "memory",
            locked.map_err(|error| {
                format!(
                    "cannot be locked: {error}; set LimitMEMLOCK=infinity as in `deploy/systemd`"
                )
            }),
        );
    }
    let roles = config.custody.roles();
    match ceremony::load(&*device, &roles) {
        Ok(keys) => {
            for role in roles {
                let used = canary(&*device, &keys, role);
                let found = used.map(|()| "does its job".to_owned());
                report.add(
                    format!("hsm.{}", role.as_str()),
                    found.map_err(|error| error.to_string()),
                );
            }
            if let Some(kid) = import_key(&*device) {
                report.add("hsm.import.kid", kid);
            }
            Some(device)
        }
        Err(error) => {
            report.add("hsm.keys", Err(error.to_string()));
            None
        }
    }
}

/// The thumbprint that whoever seals a key compares.
fn import_key(device: &dyn Device) -> Option<Result<String, String>> {
    let public = device.key_import()?.public();
    let kid = public.map(|key| Recipient::new(&key).kid);
    Some(kid.map_err(|error| error.to_string()))
}

async fn examine_state(
    config: &Config,
    device: Arc<dyn Device>,
    clock: &Arc<dyn Clock>,
    report: &mut Report,
) {
    let opened = match start::open_database(config, &*device).await {
        Ok(db) => start::open(config, device, db, clock).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(opened) => {
            report.add(
                "store",
                Ok("the seal over all rows that grant power is genuine".to_owned()),
            );
            let authority = start::load_authority(config, &opened);
            report.add("tls", authority_sane(authority, clock.now()));
            match people::changes(&opened, clock.now()).await {
                Ok(Changes::Possible(told)) => report.add("changes", Ok(told)),
                Ok(Changes::Never(why)) => report.warn("changes", why),
                Err(wrong) => report.add("changes", Err(wrong)),
            }
            report.add(
                "wallets.keys",
                wallets::keys(&opened, config.custody.envelope).await,
            );
            let _ended = opened.ledger.shutdown().await;
            let _closed = opened.db.close().await;
        }
        Err(error) => report.add("store", Err(error.to_string())),
    }
}

fn authority_sane(
    authority: Result<crate::identity::Authority, StartError>,
    now: Timestamp,
) -> Result<String, String> {
    let until = authority.map_err(|error| error.to_string())?.not_after();
    if until <= now {
        return Err(format!(
            "the CA's certificate expired at {until}; run `countersignd init` on a new state directory"
        ));
    }
    Ok(format!("the CA's certificate is valid until {until}"))
}

/// What `firmware-notes/matrix.toml` says about a module, and this token beside it.
#[derive(Deserialize)]
struct Matrix {
    module: Vec<Noted>,
}

#[derive(Deserialize)]
struct Noted {
    model: String,
    version: String,
    sign: Vec<String>,
    wrap: Vec<String>,
    #[serde(default)]
    warnings: Vec<String>,
}

fn firmware(device: &dyn Device) -> Result<String, String> {
    const MATRIX: &str = include_str!("../../firmware-notes/matrix.toml");
    let able = device.capabilities();
    let matrix: Matrix =
        toml::from_str(MATRIX).map_err(|error| format!("`matrix.toml`: {error}"))?;
    let known = |noted: &&Noted| {
        able.model.starts_with(&noted.model) && able.module_version.starts_with(&noted.version)
    };
    let Some(noted) = matrix.module.iter().find(known) else {
        return Err(format!(
            "{} with module version {} is not in the notes: run the conformance suite on a spare \
             token and add a page to `firmware-notes`",
            able.model, able.module_version
        ));
    };
    for (what, probed, written) in [
        ("signs with", able.sign, &noted.sign),
        ("wraps", able.wrap, &noted.wrap),
    ] {
        let probed: Vec<&str> = probed.iter().map(KeyType::as_str).collect();
        if probed.len() != written.len()
            || !probed.iter().all(|name| written.iter().any(|w| w == name))
        {
            return Err(format!(
                "the token {what} {}, the notes say {}; check that this is the module they are \
                 about",
                probed.join(", "),
                written.join(", ")
            ));
        }
    }
    Ok(format!("as in the notes; {}", noted.warnings.join("; ")))
}

fn clock_sane(now: Timestamp) -> Result<String, String> {
    let earliest = Timestamp::parse(EARLIEST).map_err(|error| error.to_string())?;
    if now < earliest {
        return Err(format!(
            "the clock says {now}, before this program was made; set the clock"
        ));
    }
    Ok(now.to_string())
}

fn entropy() -> Result<String, String> {
    let draw = || {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes)
            .map(|()| bytes)
            .map_err(|error| error.to_string())
    };
    if draw()? == draw()? {
        return Err("the system's random numbers repeat; do not make keys here".to_owned());
    }
    Ok("the system's random number generator answers".to_owned())
}

/// Keeps every page of this process out of swap, for custody that has key bytes in memory. Pages
/// are locked as they come into use: allocators reserve far more than that.
///
/// # Errors
/// The operating system refuses: the limit on locked memory is too low.
pub fn lock_memory() -> std::io::Result<()> {
    use rustix::mm::{MlockAllFlags, mlockall};
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE;
    Ok(mlockall(all | MlockAllFlags::ONFAULT)?)
}

/// Turns core dumps off, for this process and what it might start.
///
/// # Errors
/// The operating system refuses.
pub fn harden() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

fn hardening() -> Result<String, String> {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
    let cores = getrlimit(Resource::Core).current == Some(0);
    let dumpable = dumpable_behavior().map_err(|error| error.to_string())?;
    if !cores || dumpable != DumpableBehavior::NotDumpable {
        return Err("core dumps are on; start with the unit in `deploy/systemd`".to_owned());
    }
    Ok("core dumps are off".to_owned())
}

/// Writes the report.
///
/// # Errors
/// A closed output.
pub fn print(report: &Report, json: bool, out: &mut dyn Write) -> Result<(), StartError> {
    if json {
        serde_json::to_writer_pretty(&mut *out, report)?;
        writeln!(out)?;
        return Ok(());
    }
    for finding in &report.findings {
        let mark = match (finding.ok, finding.warning) {
            (false, _) => "BAD ",
            (true, true) => "WARN",
            (true, false) => "ok  ",
        };
        writeln!(out, "{mark} {:18} {}", finding.check, finding.detail)?;
    }
    Ok(())
}
