//! `countersign policy diff`

use std::path::PathBuf;

use countersign_policy::diff::{Change, compare};
use countersign_policy::{PolicySet, differences};
use serde_json::{Value, json};

use super::{active, file};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::session::Session;

/// Compare two policies: what differs, and whether the new one only tightens.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The old and the new policy; with one file, the active policy is the old one
    #[arg(required = true, num_args = 1..=2, value_name = "FILE")]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let (old, new) = match arguments.files.as_slice() {
        [old, new] => (file::load(old)?, file::load(new)?),
        [new] => (active::fetch(session)?, file::load(new)?),
        _ => return Err(Failure::usage("expected one or two policy files")),
    };
    let compared = compared(&old, &new);
    session.show(&compared.value(None), |out| compared.show(out));
    Ok(if compared.why.is_empty() {
        Exit::Done
    } else {
        Exit::NeedsApproval
    })
}

/// What differs between two policies.
pub(super) struct Compared {
    differences: Vec<String>,
    /// What loosens, or is not proven not to; empty for a tightening.
    why: Vec<String>,
}

/// Compares two policies.
pub(super) fn compared(old: &PolicySet, new: &PolicySet) -> Compared {
    Compared {
        differences: differences(old, new),
        why: match compare(old, new) {
            Change::Tightening => Vec::new(),
            Change::Loosening(why) => why,
        },
    }
}

impl Compared {
    /// As JSON, with the new policy's text where there is one to give.
    pub(super) fn value(&self, text: Option<&str>) -> Value {
        let word = if self.why.is_empty() {
            "tightening"
        } else {
            "loosening"
        };
        let mut value = json!({ "change": word, "why": self.why, "differences": self.differences });
        if let (Some(text), Some(fields)) = (text, value.as_object_mut()) {
            fields.insert("text".to_owned(), text.into());
        }
        value
    }

    /// For people.
    pub(super) fn show(&self, out: &mut Output) {
        for difference in &self.differences {
            out.line(difference);
        }
        if self.differences.is_empty() {
            out.line("no difference that decides anything");
        }
        if self.why.is_empty() {
            out.line("a tightening: it takes effect at once");
            return;
        }
        out.line("a loosening, or not proven to be none: it needs approval and its delay");
        for reason in &self.why {
            out.line(format!("- {reason}"));
        }
    }
}
