//! `countersign audit export`

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use countersign_audit::export::{LineError, checkpoint_line, end_line, entry_line, header_line};
use countersign_audit::leaf_hash;
use countersign_audit::verify::Options;
use indicatif::{ProgressBar, ProgressStyle};

use countersign_api::{Checkpoint as Stated, CheckpointPage};

use super::{PAGE, Pinned, Signed, page, signed, verify};
use crate::client::Call;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::session::Session;

/// Write the whole log up to its last checkpoint to a file, and verify it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// File to write; an existing one is not overwritten
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    pinned: Pinned,
}

pub(super) fn run(arguments: &Arguments, session: &mut Session) -> Outcome {
    let signed = signed(session, &arguments.pinned)?;
    let path = &arguments.out;
    let file = File::create_new(path).map_err(|error| cannot_write(path, &error))?;
    if let Err(failure) = write(session, &signed, path, file) {
        // Half an export is of no use; the first failure is the one to tell.
        let _ = fs::remove_file(path);
        return Err(failure);
    }
    let report = verify::check(path, &signed.key, &[], Options::default())?;
    verify::tell(&report, session);
    Ok(Exit::Done)
}

fn write(session: &mut Session, signed: &Signed, path: &Path, file: File) -> Result<(), Failure> {
    let mut lines = Lines {
        path,
        to: BufWriter::new(file),
    };
    let size = signed.checkpoint.size;
    let progress = progress(size);
    lines.put(header_line(&signed.key))?;
    let mut checkpoints = Checkpoints::default();
    let mut next = 0;
    while next < size {
        for entry in page(session, next, size - next)?.body.items {
            if entry.index != next || next >= size {
                return Err(Failure::unreachable(format!(
                    "expected entry {next} of {size} from the appliance, got entry {}",
                    entry.index
                )));
            }
            let bytes = entry.entry.as_bytes();
            lines.put(entry_line(next, leaf_hash(bytes), bytes))?;
            next += 1;
            if let Some(note) = checkpoints.of_size(next, session)?.filter(|_| next < size) {
                lines.put(checkpoint_line(&note))?;
            }
        }
        if progress.position() == next {
            return Err(Failure::unreachable(format!(
                "expected entry {next} of {size} from the appliance, got none"
            )));
        }
        progress.set_position(next);
    }
    progress.finish_and_clear();
    lines.put(checkpoint_line(&signed.note))?;
    lines.put(end_line(size))?;
    lines.finish()
}

/// Every checkpoint of the appliance, smallest first, a page at a time.
#[derive(Default)]
struct Checkpoints {
    ahead: VecDeque<Stated>,
    after: u64,
    ended: bool,
}

impl Checkpoints {
    /// The one that covers just the entries up to here.
    fn of_size(&mut self, size: u64, session: &mut Session) -> Result<Option<String>, Failure> {
        if self.ahead.is_empty() && !self.ended {
            let call = Call::get("/v1/audit/checkpoints")
                .query("after", Some(self.after))
                .query("limit", Some(PAGE));
            let page: CheckpointPage = session.call(&call)?.body;
            self.ended = page.next_after.is_none();
            self.after = page.next_after.unwrap_or(self.after);
            self.ahead = page.items.into();
        }
        while self.ahead.front().is_some_and(|one| one.size < size) {
            self.ahead.pop_front();
        }
        let due = self.ahead.pop_front_if(|one| one.size == size);
        Ok(due.map(|one| one.note))
    }
}

/// Shown only to people.
fn progress(size: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(size);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} entries, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

struct Lines<'a> {
    path: &'a Path,
    to: BufWriter<File>,
}

impl Lines<'_> {
    fn put(&mut self, line: Result<Vec<u8>, LineError>) -> Result<(), Failure> {
        let line = line.map_err(|error| Failure::usage(error.to_string()))?;
        self.to
            .write_all(&line)
            .map_err(|error| cannot_write(self.path, &error))
    }

    fn finish(mut self) -> Result<(), Failure> {
        let synced = self.to.flush().and_then(|()| self.to.get_ref().sync_all());
        synced.map_err(|error| cannot_write(self.path, &error))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot write `{}`: {error}", path.display()))
}
