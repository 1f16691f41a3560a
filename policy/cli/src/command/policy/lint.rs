//! `countersign policy lint`

use std::path::PathBuf;

use countersign_policy::lint::{Finding, Severity, lint};

use super::{active, check, file};
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::session::Session;

/// What is likely to be a mistake; ends with 1 where something may lose money.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The policy; `-` for standard input; the active one unless told
    file: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let policy = match &arguments.file {
        Some(path) => file::load(path)?,
        None => active::fetch(session)?,
    };
    let findings = lint(&policy);
    let value: Vec<_> = findings.iter().map(check::value).collect();
    session.show(&value, |out| {
        if findings.is_empty() {
            out.line("nothing found");
        }
        findings.iter().for_each(|finding| out.line(finding));
    });
    let loses = |finding: &Finding| finding.severity >= Severity::Warning;
    Ok(if findings.iter().any(loses) {
        Exit::Refused
    } else {
        Exit::Done
    })
}
