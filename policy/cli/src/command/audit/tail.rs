//! `countersign audit tail`

use std::thread;
use std::time::Duration;

use countersign_api::AuditEntry;
use countersign_audit::Entry;
use serde_json::json;

use super::{PAGE, page};
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::session::Session;

/// How long to wait for new entries.
const PAUSE: Duration = Duration::from_secs(1);

/// Show the last entries.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Entries to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    lines: u64,
    /// Go on with entries as they come, until interrupted
    #[arg(short, long)]
    follow: bool,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let size = page(session, 0, 1)?.body.size;
    let mut next = size.saturating_sub(arguments.lines);
    while session.out.is_open() && (arguments.follow || next < size) {
        let before = next;
        let limit = if arguments.follow { PAGE } else { size - next };
        next = read_on(session, next, limit)?;
        session.out.flush();
        match (next == before, arguments.follow) {
            (true, true) => thread::sleep(PAUSE),
            (true, false) => break,
            (false, _) => {}
        }
    }
    Ok(Exit::Done)
}

/// Shows one page; gives back where the next one starts.
fn read_on(session: &mut Session, start: u64, limit: u64) -> Result<u64, Failure> {
    let page = page(session, start, limit)?.body;
    for entry in &page.items {
        show(entry, &mut session.out);
    }
    let last = page.items.last();
    Ok(last.map_or(start, |entry| entry.index.saturating_add(1)))
}

fn show(entry: &AuditEntry, out: &mut Output) {
    if out.is_json() {
        return out.value_line(entry);
    }
    match Entry::parse(entry.entry.as_bytes()) {
        Ok(parsed) => out.line(line(entry.index, &parsed)),
        Err(_) => out.line(format!("{:>8}  {}", entry.index, entry.entry)),
    }
}

fn line(index: u64, entry: &Entry<'_>) -> String {
    let named = [
        ("request", &entry.request),
        ("subject", &entry.subject),
        ("code", &entry.code),
        ("rule", &entry.rule),
    ];
    let mut line = format!(
        "{index:>8}  {}  {:<19}  {}",
        entry.at,
        entry.kind.as_str(),
        entry.actor
    );
    for (name, value) in named {
        if let Some(value) = value {
            line.push_str(&format!("  {name}={}", json!(value)));
        }
    }
    if entry.detail.as_str() != "{}" {
        line.push_str("  ");
        line.push_str(entry.detail.as_str());
    }
    line
}
