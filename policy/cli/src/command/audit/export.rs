//! `countersign audit export`

use std::fs::{self, File};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use countersign_audit::export::{LineError, checkpoint_line, end_line, entry_line, header_line};
use countersign_audit::leaf_hash;
use countersign_audit::verify::Options;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Pinned, Signed, page, signed, verify};
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
