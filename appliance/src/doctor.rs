//! `countersignd doctor`: what is wrong, and how to mend it.

mod anchor;
mod people;
mod wallets;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use countersign_hsm::canary::canary;
use countersign_hsm::{Device, KeyRole, KeyType, ceremony};
use countersign_intent::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::descriptors;
use crate::hardening;
use crate::log_check;
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
///
/// `try_pin` tries the PIN even where the token says that a wrong one was tried before.
pub async fn examine(path: &Path, try_pin: bool) -> Report {
    let mut report = Report::default();
    report.add("hardening", hardening::in_force());
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
    report.add("descriptors", descriptors::raise(&config));
    if let Some(device) = examine_token(&config, try_pin, &mut report) {
        examine_state(&config, device, &clock, &mut report).await;
    }
    report
}

fn examine_token(config: &Config, try_pin: bool, report: &mut Report) -> Option<Arc<dyn Device>> {
    tracing::info!(
        "the HSM's PIN is tried once now, unless the token tells of a wrong one that was tried before"
    );
    let device = match start::open_token_with(config, try_pin) {
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
    report.add(
        "hsm.pin",
        Ok(
            "was tried once and is right; the token told of no wrong one, or tells of none now"
                .to_owned(),
        ),
    );
    report.add("firmware", firmware(&*device));
    examine_custody(config, &*device, report);
    let roles = config.custody.roles();
    report.add("hsm.attributes", attributes(&*device, &roles));
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

fn examine_custody(config: &Config, device: &dyn Device, report: &mut Report) {
    let able = device.capabilities();
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
        let locked = hardening::lock_memory().map(|()| "can be locked".to_owned());
        report.add(
            "memory",
            locked.map_err(|error| {
                format!(
                    "cannot be locked: {error}; set LimitMEMLOCK=infinity as in `deploy/systemd`: without \
                     it, or `custody.allow_swap = true`, the appliance does not start"
                )
            }),
        );
    }
}

/// Keys that let more be done than they need are accepted, and named: the attributes of a key that is
/// there cannot be made stricter.
fn attributes(device: &dyn Device, roles: &[KeyRole]) -> Result<String, String> {
    let loose = ceremony::loose(device, roles).map_err(|error| error.to_string())?;
    if loose.is_empty() {
        return Ok("the appliance's keys cannot be modified, copied or destroyed".to_owned());
    }
    Ok(format!(
        "warning: made by an earlier build, or on a token that allows no less: {}; whoever has the PIN can \
         spoil these keys with it, but neither read nor use them otherwise; keep the token's backup, and \
         make the next appliance on a new token",
        loose.join("; ")
    ))
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
            let head = *opened.ledger.head().borrow();
            let recomputed = log_check::whole(&*opened.db, opened.ledger.rows(), head).await;
            report.add(
                "log",
                match recomputed {
                    Ok(()) => Ok(format!(
                        "its {} entries are those that were written",
                        head.size
                    )),
                    Err(error) => Err(error.to_string()),
                },
            );
            anchor::examine(&opened, report).await;
            let authority = start::load_authority(config, &opened);
            report.add("tls", authority_sane(authority, clock.now()));
            match people::changes(&opened, clock.now()).await {
                Ok(Changes::Possible(told)) => report.add("changes", Ok(told)),
                Ok(Changes::Never(why) | Changes::Odd(why)) => report.warn("changes", why),
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
