//! `countersign audit verify`

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use countersign_audit::LogKey;
use countersign_audit::verify::{Options, Report, VerifyError, verify};
use serde_json::json;

use super::key;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::input;
use crate::session::Session;

const MAX_NOTE: u64 = 32 * 1024;

/// Verify an export, offline. The key is never taken from the export.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The export
    file: PathBuf,
    /// Verifier key of the log, as you noted it
    #[arg(long, value_name = "KEY")]
    vkey: String,
    /// A signed checkpoint that you kept; the log has to contain it. May be repeated
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// The export was made after every checkpoint given: one that is newer means that the log was
    /// rolled back
    #[arg(long, requires = "checkpoints")]
    latest: bool,
    /// Accept this many entries that no checkpoint covers yet
    #[arg(long, value_name = "N", default_value_t = 0)]
    unsigned_tail: u64,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let kept: Vec<String> = arguments
        .checkpoints
        .iter()
        .map(|path| input::read_text(path, MAX_NOTE))
        .collect::<Result<_, _>>()?;
    let options = Options {
        unsigned_tail: arguments.unsigned_tail,
        latest: arguments.latest,
        ..Options::default()
    };
    let report = check(&arguments.file, &key(&arguments.vkey)?, &kept, options)?;
    tell(&report, session);
    Ok(Exit::Done)
}

/// Verifies the export in `file`.
///
/// # Errors
/// It cannot be read, or something is wrong with the log.
pub(super) fn check(
    file: &Path,
    key: &LogKey,
    kept: &[String],
    options: Options,
) -> Result<Report, Failure> {
    let shown = file.display();
    let export = File::open(file)
        .map_err(|error| Failure::usage(format!("cannot read `{shown}`: {error}")))?;
    let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
    verify(BufReader::new(export), key, &kept, options).map_err(|error| match error {
        VerifyError::Read(error) => Failure::usage(format!("cannot read `{shown}`: {error}")),
        VerifyError::Found(finding) => {
            let mut failure = Failure::refused(format!("the log in `{shown}` is not good"))
                .and(format!("  {finding}"));
            failure.body = Some(json!({ "good": false, "finding": finding }));
            failure
        }
    })
}

/// Shows what a good export proves.
pub(super) fn tell(report: &Report, session: &mut Session) {
    let value = json!({ "good": true, "report": report });
    session.show(&value, |out| {
        out.line("the log is good");
        out.text(&report.to_string());
    });
    if report.concerns_total > 0 && !session.out.is_json() {
        session.out.note(format!(
            "{} entries are authentic but contradict each other: look into the concerns above",
            report.concerns_total
        ));
    }
}
