//! `countersign policy check`

use std::path::PathBuf;

use countersign_policy::lint::{Finding, Severity, lint};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::file;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;

/// Check a policy file, offline: what is wrong with it, and what is likely to be a mistake; ends with
/// 1 where bots alone can lose all there is.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The policy; `-` for standard input
    file: PathBuf,
    /// End with 1 where there is a warning
    #[arg(long)]
    deny_warnings: bool,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let policy = file::examine(&arguments.file)?;
    let findings = lint(&policy);
    let has = |least: Severity| findings.iter().any(|finding| finding.severity >= least);
    let unbounded = has(Severity::Error);
    let hash = hex::encode(Sha256::digest(policy.text().as_bytes()));
    let (rules, limits) = (policy.rules().len(), policy.limits().len());
    let value = json!({
        "good": !unbounded,
        "name": policy.name(),
        "hash": hash,
        "rules": rules,
        "limits": limits,
        "findings": findings.iter().map(value).collect::<Vec<_>>(),
    });
    session.show(&value, |out| {
        for finding in &findings {
            out.line(finding);
        }
        let verdict = if unbounded {
            "lets bots alone lose all there is; mend the errors before you use it"
        } else {
            "can be used"
        };
        out.line(format!(
            "`{}` {verdict}: {rules} rules, {limits} limits, hash {hash}",
            policy.name()
        ));
    });
    Ok(
        if unbounded || arguments.deny_warnings && has(Severity::Warning) {
            Exit::Refused
        } else {
            Exit::Done
        },
    )
}

/// A finding as JSON.
pub(super) fn value(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.to_string(),
        "subject": finding.subject,
        "message": finding.message,
    })
}
