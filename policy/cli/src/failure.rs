//! Why a command did not do what was asked.

use countersign_api::{ErrorCode, Problem};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::problem;
use crate::text::printable;

/// What every command gives back.
pub(crate) type Outcome = Result<Exit, Failure>;

/// A command that stopped.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Exit code.
    pub exit: Exit,
    /// Sentences for people, one a line but for what is said of a file.
    pub lines: Vec<String>,
    /// The answer of the appliance, where there is one.
    pub body: Option<Value>,
}

impl Failure {
    /// Wrong flags or files. What is said of a file may be several lines that belong together.
    pub(crate) fn usage(line: impl Into<String>) -> Self {
        Self::new(Exit::Usage, line)
    }

    /// No answer that can be used.
    pub(crate) fn unreachable(line: impl Into<String>) -> Self {
        Self::new(Exit::Unreachable, line)
    }

    /// A check found something wrong.
    pub(crate) fn refused(line: impl Into<String>) -> Self {
        Self::new(Exit::Refused, line)
    }

    /// The appliance said no; `body` is its answer, verbatim.
    pub(crate) fn problem(problem: &Problem, body: Value) -> Self {
        Self {
            exit: problem::exit(problem.code),
            lines: problem::sentences(problem)
                .iter()
                .map(|line| printable(line))
                .collect(),
            body: Some(body),
        }
    }

    /// The same failure with one more line.
    pub(crate) fn and(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Whether the appliance said no with this code.
    pub(crate) fn is(&self, code: ErrorCode) -> bool {
        let told = self.body.as_ref().and_then(|body| body.get("code"));
        told.and_then(Value::as_str) == Some(code.as_str())
    }

    /// As JSON: the answer of the appliance, or what kept this program from asking.
    pub(crate) fn value(&self) -> Value {
        self.body.clone().unwrap_or_else(|| {
            let (error, hints) = self.lines.split_first().unzip();
            json!({ "error": error, "hints": hints, "exit": self.exit as u8 })
        })
    }

    fn new(exit: Exit, line: impl Into<String>) -> Self {
        let line = line.into();
        // Others had a hand in what comes from the appliance: their line ends are not ours.
        let line = match exit {
            Exit::Usage => line.trim_end().to_owned(),
            _ => printable(&line),
        };
        Self {
            exit,
            lines: vec![line],
            body: None,
        }
    }
}
