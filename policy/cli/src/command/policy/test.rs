//! `countersign policy test`

use std::path::{Path, PathBuf};

use countersign_decode::solana::TRADING_PROGRAMS;
use countersign_policy::case::{self, Case};
use countersign_policy::{PolicySet, parse};
use serde::Serialize;
use serde_json::json;

use super::{file, transaction};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::input::{self, MAX_POLICY};
use crate::output::Output;
use crate::session::Session;

/// Hold expected decisions against a policy file, offline.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The policy
    file: PathBuf,
    /// Case files, or folders whose `.toml` files are cases
    #[arg(required = true)]
    cases: Vec<PathBuf>,
}

/// What became of one case.
#[derive(Debug, Serialize)]
struct Ran {
    file: String,
    name: String,
    ok: bool,
    differences: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let policy = file::load(&arguments.file)?;
    let mut files = Vec::new();
    for path in &arguments.cases {
        files.extend(case_files(path)?);
    }
    if files.is_empty() {
        return Err(Failure::usage("expected cases, the folders have none"));
    }
    let ran: Vec<Ran> = files
        .iter()
        .map(|path| judge(path, &policy))
        .collect::<Result<_, _>>()?;
    let failed = ran.iter().filter(|case| !case.ok).count();
    let passed = ran.len() - failed;
    let value = json!({ "passed": passed, "failed": failed, "cases": ran });
    session.show(&value, |out| {
        for case in &ran {
            show(case, out);
        }
        out.line(format!("{passed} passed, {failed} failed"));
    });
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Refused
    })
}

/// The file itself, or the cases in a folder, by name.
fn case_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let cannot = |error: std::io::Error| {
        Failure::usage(format!("cannot read `{}`: {error}", path.display()))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        let name = file.file_name().map(|name| name.to_string_lossy());
        // Policies that cases are held against may stand beside them.
        if name.is_some_and(|name| name.ends_with(".toml") && !name.ends_with(".policy.toml")) {
            found.push(file);
        }
    }
    found.sort();
    Ok(found)
}

fn judge(path: &Path, policy: &PolicySet) -> Result<Ran, Failure> {
    let text = input::read_text(path, MAX_POLICY)?;
    let case = case::parse(&text, TRADING_PROGRAMS).map_err(|errors| file::wrong(path, &errors))?;
    let name = case.name().to_owned();
    let differences = against(case, path, policy)?;
    Ok(Ran {
        file: path.display().to_string(),
        name,
        ok: differences.is_empty(),
        differences,
    })
}

/// How the decision differs from what the case expects, under its own policy if it has one.
fn against(case: Case, path: &Path, policy: &PolicySet) -> Result<Vec<String>, Failure> {
    let own = case.policy().map(parse).transpose().map_err(|errors| {
        file::wrong(path, &errors).and("  (places are within this case's `policy`)")
    })?;
    let policy = own.as_ref().unwrap_or(policy);
    let outcome = case
        .transaction()
        .map(|given| transaction::decode(given, policy))
        .transpose()
        .map_err(|error| {
            Failure::usage(format!(
                "`{}`: `transaction.base64`: {error}",
                path.display()
            ))
        })?;
    let outcome = outcome.or_else(|| Some(transaction::decode_evm(case.evm()?, policy)));
    let case = match outcome {
        Some(outcome) => case.decoded(outcome),
        None => case,
    };
    Ok(case.run(policy).err().unwrap_or_default())
}

fn show(case: &Ran, out: &mut Output) {
    let word = if case.ok { "ok  " } else { "FAIL" };
    out.line(format!("{word}  {} ({})", case.name, case.file));
    for difference in &case.differences {
        out.line(format!("      {difference}"));
    }
}
