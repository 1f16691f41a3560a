//! Policy files.

use std::path::Path;

use countersign_policy::{DocumentError, PolicySet, parse};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::{self, MAX_POLICY};

/// Reads and validates a policy file.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it, each with its place.
pub(super) fn load(path: &Path) -> Result<PolicySet, Failure> {
    let text = input::read_text(path, MAX_POLICY)?;
    parse(&text).map_err(|errors| wrong(path, &errors))
}

/// The same where finding what is wrong is what was asked for.
///
/// # Errors
/// As [`load`], with the exit code of a finding.
pub(super) fn examine(path: &Path) -> Result<PolicySet, Failure> {
    let text = input::read_text(path, MAX_POLICY)?;
    parse(&text).map_err(|errors| {
        let mut failure = wrong(path, &errors);
        failure.exit = Exit::Refused;
        failure
    })
}

/// The place first, as editors and terminals know it.
pub(super) fn wrong(path: &Path, errors: &[DocumentError]) -> Failure {
    let shown = path.display();
    let mut lines = errors.iter().map(|error| {
        let DocumentError {
            line,
            column,
            path,
            message,
        } = error;
        if path.is_empty() {
            format!("{shown}:{line}:{column}: {message}")
        } else {
            format!("{shown}:{line}:{column}: `{path}`: {message}")
        }
    });
    let first = lines
        .next()
        .unwrap_or_else(|| format!("{shown}: not a policy"));
    let mut failure = lines.fold(Failure::usage(first), Failure::and);
    let errors: Vec<Value> = errors.iter().map(value).collect();
    failure.body = Some(json!({ "good": false, "errors": errors }));
    failure
}

fn value(error: &DocumentError) -> Value {
    json!({
        "line": error.line,
        "column": error.column,
        "path": error.path,
        "message": error.message,
    })
}
