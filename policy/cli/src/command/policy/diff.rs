//! `countersign policy diff`

use std::path::PathBuf;

use countersign_api::Policy;
use countersign_policy::diff::{Change, compare};
use countersign_policy::{PolicySet, parse};
use serde_json::json;

use super::file;
use crate::client::Call;
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
        [new] => (active(session)?, file::load(new)?),
        _ => return Err(Failure::usage("expected one or two policy files")),
    };
    let differences = differences(&old, &new);
    let (word, why) = match compare(&old, &new) {
        Change::Tightening => ("tightening", Vec::new()),
        Change::Loosening(why) => ("loosening", why),
    };
    let value = json!({ "change": word, "why": why, "differences": differences });
    session.show(&value, |out| show(&differences, &why, out));
    Ok(if why.is_empty() {
        Exit::Done
    } else {
        Exit::NeedsApproval
    })
}

fn active(session: &mut Session) -> Result<PolicySet, Failure> {
    let policy: Policy = session.call(&Call::get("/v1/policies/active"))?.body;
    parse(&policy.text).map_err(|_| {
        Failure::unreachable(
            "the active policy is not understood; is this program of the appliance's version?",
        )
    })
}

/// Every named part that is not the same in both, as `rule `a` added`.
fn differences(old: &PolicySet, new: &PolicySet) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(parts("group", old.groups(), new.groups(), |one| one.name()));
    found.extend(parts(
        "destination",
        old.destinations(),
        new.destinations(),
        |one| one.name(),
    ));
    found.extend(parts("asset", old.assets(), new.assets(), |one| {
        one.symbol()
    }));
    found.extend(parts("limit", old.limits(), new.limits(), |one| one.name()));
    found.extend(parts("rule", old.rules(), new.rules(), |one| one.name()));
    found
}

fn parts<T: PartialEq>(what: &str, old: &[T], new: &[T], name: impl Fn(&T) -> &str) -> Vec<String> {
    let find = |list: &'_ [T], wanted: &str| list.iter().position(|one| name(one) == wanted);
    let mut found = Vec::new();
    for one in new {
        let name = name(one);
        match find(old, name).and_then(|at| old.get(at)) {
            None => found.push(format!("{what} `{name}` added")),
            Some(before) if before != one => found.push(format!("{what} `{name}` changed")),
            Some(_) => {}
        }
    }
    for one in old {
        let name = name(one);
        if find(new, name).is_none() {
            found.push(format!("{what} `{name}` removed"));
        }
    }
    found
}

fn show(differences: &[String], why: &[String], out: &mut Output) {
    for difference in differences {
        out.line(difference);
    }
    if differences.is_empty() {
        out.line("no difference that decides anything");
    }
    if why.is_empty() {
        out.line("a tightening: it takes effect at once");
        return;
    }
    out.line("a loosening, or not proven to be none: it needs approval and its delay");
    for reason in why {
        out.line(format!("- {reason}"));
    }
}
