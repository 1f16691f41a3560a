//! `countersign policy check`

use std::path::PathBuf;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::file;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;

/// Check a policy file, offline.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The policy; `-` for standard input
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let policy = file::load(&arguments.file)?;
    let hash = hex::encode(Sha256::digest(policy.text().as_bytes()));
    let (rules, limits) = (policy.rules().len(), policy.limits().len());
    let value = json!({
        "good": true,
        "name": policy.name(),
        "hash": hash,
        "rules": rules,
        "limits": limits,
    });
    session.show(&value, |out| {
        out.line(format!(
            "`{}` is good: {rules} rules, {limits} limits, hash {hash}",
            policy.name()
        ));
    });
    Ok(Exit::Done)
}
