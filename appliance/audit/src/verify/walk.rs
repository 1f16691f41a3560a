use crate::checkpoint::{Checkpoint, LogKey};
use crate::export::{FORMAT, Item, MAX_LINE, ReadError};
use crate::hash::{Hash, leaf_hash};
use crate::leaf::{Entry, Stamp};
use crate::tree::Frontier;

use super::finding::{Fault, Finding};
use super::kept::{Kept, refused};
use super::report::{Concern, Report};
use super::requests::{CLOSED_REQUESTS, Requests};
use super::{Options, VerifyError};

/// Where in the export the walk is.
#[derive(PartialEq)]
enum Place {
    Start,
    Log,
    End,
}

/// The state of one verification.
pub(super) struct Walk<'a> {
    pinned: &'a LogKey,
    options: Options,
    place: Place,
    tree: Frontier,
    kept: Kept,
    requests: Requests,
    latest: Option<Stamp>,
    report: Report,
}

type Step = Result<(), Box<Finding>>;

impl<'a> Walk<'a> {
    pub(super) fn new(
        pinned: &'a LogKey,
        kept: &[&str],
        options: Options,
    ) -> Result<Self, Box<Finding>> {
        let mut walk = Self {
            pinned,
            options,
            place: Place::Start,
            tree: Frontier::default(),
            kept: Kept::open(kept, pinned)?,
            requests: Requests::new(CLOSED_REQUESTS),
            latest: None,
            report: Report::default(),
        };
        walk.compare_kept()?;
        Ok(walk)
    }

    pub(super) fn step(&mut self, item: Item) -> Step {
        match (&self.place, item) {
            (
                Place::Start,
                Item::Header {
                    format,
                    origin,
                    vkey,
                },
            ) => self.header(&format, &origin, &vkey),
            (Place::Start, _) => Err(self.misplaced("the header first", "another line")),
            (Place::Log, Item::Entry { index, leaf, entry }) => self.entry(index, leaf, &entry),
            (Place::Log, Item::Checkpoint(note)) => self.checkpoint(&note),
            (Place::Log, Item::End(entries)) => self.end(entries),
            (Place::Log, Item::Header { .. }) => Err(self.misplaced("one header", "a second one")),
            (Place::End, _) => Err(self.misplaced("nothing after the end line", "another line")),
        }
    }

    fn header(&mut self, format: &str, origin: &str, vkey: &str) -> Step {
        if format != FORMAT {
            return Err(self.misplaced(&format!("the format `{FORMAT}`"), &format!("`{format}`")));
        }
        if vkey != self.pinned.vkey() || origin != self.pinned.name() {
            let expected = format!("the log `{}`, as pinned", self.pinned.vkey());
            let got = format!("the log `{origin}` with the key `{vkey}`");
            return Err(Finding::new(Fault::WrongSigner, None, expected, got));
        }
        self.place = Place::Log;
        Ok(())
    }

    fn entry(&mut self, index: u64, leaf: Hash, bytes: &[u8]) -> Step {
        let next = self.tree.size();
        if index != next {
            let fault = if index > next {
                Fault::Missing
            } else {
                Fault::OutOfOrder
            };
            let (expected, got) = (format!("entry {next}"), format!("entry {index}"));
            return Err(Finding::new(fault, next, expected, got));
        }
        let computed = leaf_hash(bytes);
        if computed != leaf {
            let expected = format!("bytes with the leaf hash `{leaf}`");
            let got = format!("bytes with `{computed}`");
            return Err(Finding::new(Fault::Altered, index, expected, got));
        }
        let entry = Entry::parse(bytes).map_err(|error| {
            let expected = "an entry as this log writes them";
            Finding::new(Fault::NotAnEntry, index, expected, format!("`{error}`"))
        })?;
        self.tree.append(leaf);
        self.compare_kept()?;
        self.count(index, &entry);
        Ok(())
    }

    fn compare_kept(&mut self) -> Step {
        let good = self.kept.compare(&self.tree)?;
        self.report.kept += good;
        if good > 0 {
            self.prove();
        }
        Ok(())
    }

    /// A signed root equals the tree's.
    fn prove(&mut self) {
        self.report.signed = self.tree.size();
        self.report.signed_root = Some(self.tree.root());
    }

    fn count(&mut self, index: u64, entry: &Entry<'_>) {
        let report = &mut self.report;
        report.entries += 1;
        report.first.get_or_insert(entry.at);
        report.last = Some(entry.at);
        *report.kinds.entry(entry.kind).or_default() += 1;
        let after = *self.latest.get_or_insert(entry.at);
        let back = after.unix_micros() - entry.at.unix_micros();
        if back > self.options.clock_slack_micros {
            report.concern(Concern::ClockWentBack {
                index,
                at: entry.at,
                after,
            });
        }
        self.latest = Some(after.max(entry.at));
        if let Some(concern) = self.requests.note(index, entry) {
            report.concern(concern);
        }
    }

    fn checkpoint(&mut self, note: &str) -> Step {
        let (next, last) = (self.tree.size(), self.report.signed);
        let checkpoint = Checkpoint::open(note.as_bytes(), self.pinned)
            .map_err(|error| refused(&error, self.pinned, Some(next)))?;
        if checkpoint.size != next {
            let fault = if checkpoint.size > next {
                Fault::Missing
            } else {
                Fault::OutOfOrder
            };
            let expected = format!(
                "{} entries before this checkpoint, as it states",
                checkpoint.size
            );
            return Err(Finding::new(
                fault,
                next.min(checkpoint.size),
                expected,
                next.to_string(),
            ));
        }
        let root = self.tree.root();
        if checkpoint.root != root {
            let expected = format!(
                "entries {last} to {next} with the signed root `{}`",
                checkpoint.root
            );
            return Err(Finding::new(
                Fault::Rewritten,
                last,
                expected,
                format!("`{root}`"),
            ));
        }
        self.kept.fork(&checkpoint)?;
        self.report.checkpoints += 1;
        self.prove();
        Ok(())
    }

    fn end(&mut self, entries: u64) -> Step {
        let read = self.tree.size();
        if entries != read {
            let fault = if entries > read {
                Fault::Missing
            } else {
                Fault::OutOfOrder
            };
            let expected = format!("{entries} entries, as the end line states");
            return Err(Finding::new(
                fault,
                read.min(entries),
                expected,
                read.to_string(),
            ));
        }
        self.place = Place::End;
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Report, Box<Finding>> {
        let entries = self.tree.size();
        if self.place != Place::End {
            return Err(self.cut_off());
        }
        self.report.newer = self.kept.finish(entries, self.options.latest)?;
        let tail = entries - self.report.signed;
        if tail > self.options.unsigned_tail {
            let expected = format!(
                "at most {} entries after the last checkpoint",
                self.options.unsigned_tail
            );
            return Err(Finding::new(
                Fault::Unsigned,
                self.report.signed,
                expected,
                tail.to_string(),
            ));
        }
        self.report.unsigned_tail = tail;
        self.requests.list_open(&mut self.report);
        Ok(self.report)
    }

    /// The finding for a line that cannot be read, unless the device failed.
    pub(super) fn unreadable(&self, error: ReadError) -> Result<VerifyError, Box<Finding>> {
        Err(match error {
            ReadError::Io(error) => return Ok(VerifyError::Read(error)),
            ReadError::CutOff => self.cut_off(),
            ReadError::TooLong => self.misplaced(
                &format!("lines of at most {MAX_LINE} bytes"),
                "a longer one",
            ),
            ReadError::Malformed(why) => self.misplaced("a line as an export has it", &why),
        })
    }

    fn cut_off(&self) -> Box<Finding> {
        let expected = "the end line, complete";
        Finding::new(
            Fault::CutOff,
            self.tree.size(),
            expected,
            "the end of the file",
        )
    }

    fn misplaced(&self, expected: &str, got: &str) -> Box<Finding> {
        Finding::new(Fault::Malformed, self.tree.size(), expected, got)
    }
}
