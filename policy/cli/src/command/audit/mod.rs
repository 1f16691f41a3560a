//! `countersign audit`

mod checkpoint;
mod export;
mod proof;
mod tail;
#[cfg(test)]
mod tests;
mod verify;

use clap::Subcommand;
use countersign_api::{AuditPage, Checkpoint as Stated};
use countersign_audit::{Checkpoint, LogKey};

use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::session::{Reply, Session};

/// The log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the last entries
    Tail(tail::Arguments),
    /// Print the last signed checkpoint; keep it, it cannot be taken back
    Checkpoint(checkpoint::Arguments),
    /// Write the whole log up to its last checkpoint to a file, and verify it
    Export(export::Arguments),
    /// Verify an export, offline
    Verify(verify::Arguments),
    /// Fetch one entry with its proof and verify both
    Proof(proof::Arguments),
}

/// Which key signs the log's checkpoints.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Pinned {
    /// Verifier key of the log as you noted it; the appliance's own word unless told
    #[arg(long, value_name = "KEY")]
    vkey: Option<String>,
}

pub(super) fn run(command: Command, session: &mut Session) -> Outcome {
    match command {
        Command::Tail(arguments) => tail::run(&arguments, session),
        Command::Checkpoint(arguments) => checkpoint::run(&arguments, session),
        Command::Export(arguments) => export::run(&arguments, session),
        Command::Verify(arguments) => verify::run(&arguments, session),
        Command::Proof(arguments) => proof::run(&arguments, session),
    }
}

/// Most entries the appliance puts on one page.
const PAGE: u64 = 500;

fn page(session: &mut Session, start: u64, limit: u64) -> Result<Reply<AuditPage>, Failure> {
    let call = Call::get("/v1/audit/entries")
        .query("start", Some(start))
        .query("limit", Some(limit.min(PAGE)));
    session.call(&call)
}

/// A checkpoint whose signature was verified.
struct Signed {
    note: String,
    key: LogKey,
    checkpoint: Checkpoint,
}

fn signed(session: &mut Session, pinned: &Pinned) -> Result<Signed, Failure> {
    let stated: Stated = session.call(&Call::get("/v1/audit/checkpoint"))?.body;
    let key = match &pinned.vkey {
        Some(vkey) => key(vkey)?,
        None => {
            let vkey = &stated.vkey;
            session.out.note(format!(
                "note: the log's key is the appliance's own word; with `--vkey {vkey}` as you \
                 noted it, a swapped key is found"
            ));
            key(vkey)?
        }
    };
    let checkpoint = Checkpoint::open(stated.note.as_bytes(), &key)
        .map_err(|error| Failure::refused(format!("the checkpoint is not good: {error}")))?;
    Ok(Signed {
        note: stated.note,
        key,
        checkpoint,
    })
}

fn key(vkey: &str) -> Result<LogKey, Failure> {
    LogKey::parse(vkey).map_err(|error| Failure::usage(error.to_string()))
}
