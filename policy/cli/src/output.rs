//! Where words go: results to standard output, everything else to standard error.

use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;

use crate::failure::Failure;
use crate::text::{printable, wrapped};

/// The two streams. A reader that goes away (`countersign … | head`) ends output quietly; any
/// other write error is kept and told by [`Output::finish`].
pub(crate) struct Output {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    json: bool,
    width: Option<usize>,
    state: io::Result<()>,
}

impl Output {
    pub(crate) fn new(out: Box<dyn Write>, err: Box<dyn Write>, json: bool) -> Self {
        let state = Ok(());
        Self {
            out,
            err,
            json,
            width: None,
            state,
        }
    }

    /// Standard output, buffered, and standard error.
    pub(crate) fn stdio(json: bool) -> Self {
        let out = io::BufWriter::new(io::stdout().lock());
        Self::new(Box::new(out), Box::new(io::stderr()), json)
    }

    /// Brings lines for people into so many columns, if told.
    pub(crate) fn within(mut self, width: Option<usize>) -> Self {
        self.width = width;
        self
    }

    /// Columns of a line for people; `None` where nobody said.
    pub(crate) const fn width(&self) -> Option<usize> {
        self.width
    }

    /// Whether the result is to be JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether somebody still reads.
    pub(crate) const fn is_open(&self) -> bool {
        self.state.is_ok()
    }

    /// A line of the result. Control characters in it are shown, not obeyed.
    pub(crate) fn line(&mut self, text: impl Display) {
        self.result(format!("{}\n", printable(&text.to_string())).as_bytes());
    }

    /// A sentence of the result after `label`, wrapped between words; lines after the first are
    /// indented.
    pub(crate) fn sentence(&mut self, label: &str, indent: usize, text: &str) {
        let text = printable(text);
        match self.width {
            None => self.line(format!("{label}{text}")),
            Some(width) => {
                for line in wrapped(label, &text, width, indent) {
                    self.line(line);
                }
            }
        }
    }

    /// Several lines of the result, as they are but for control characters.
    pub(crate) fn text(&mut self, text: &str) {
        for line in text.lines() {
            self.line(line);
        }
    }

    /// Bytes of the result, verbatim.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.result(bytes);
    }

    /// The result as JSON.
    pub(crate) fn value(&mut self, value: &impl Serialize) {
        match serde_json::to_vec_pretty(value) {
            Ok(mut bytes) => {
                bytes.push(b'\n');
                self.result(&bytes);
            }
            Err(error) => self.keep(Err(error.into())),
        }
    }

    /// The result as one line of JSON, for streams.
    pub(crate) fn value_line(&mut self, value: &impl Serialize) {
        match serde_json::to_vec(value) {
            Ok(mut bytes) => {
                bytes.push(b'\n');
                self.result(&bytes);
            }
            Err(error) => self.keep(Err(error.into())),
        }
    }

    /// A line that is not part of the result.
    pub(crate) fn note(&mut self, text: impl Display) {
        let text = printable(&text.to_string());
        let lines = match self.width {
            None => vec![text],
            Some(width) => wrapped("", &text, width, 2),
        };
        for line in lines {
            // Nobody can be told that telling failed.
            let _ = writeln!(self.err, "{line}");
        }
    }

    /// A line that is not part of the result, its blanks kept.
    fn verbatim(&mut self, line: &str) {
        // Nobody can be told that telling failed.
        let _ = writeln!(self.err, "{}", printable(line));
    }

    /// Why a command stopped: as JSON where that was asked for; in sentences unless that JSON is
    /// the appliance's answer.
    pub(crate) fn failure(&mut self, failure: &Failure) {
        if self.json {
            self.value(&failure.value());
        }
        if !self.json || failure.body.is_none() {
            for said in &failure.lines {
                match said.lines().count() {
                    0 | 1 => self.note(said),
                    // A place in a file, with the line and a mark under it.
                    _ => said.lines().for_each(|line| self.verbatim(line)),
                }
            }
        }
    }

    /// Sends what is buffered.
    pub(crate) fn flush(&mut self) {
        let flushed = self.out.flush();
        self.keep(flushed);
    }

    /// Sends what is buffered and tells whether all of it arrived.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.flush();
        match self.state {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::usage(format!("cannot write the result: {error}")))
            }
            _ => Ok(()),
        }
    }

    fn result(&mut self, bytes: &[u8]) {
        if self.is_open() {
            let written = self.out.write_all(bytes);
            self.keep(written);
        }
    }

    fn keep(&mut self, result: io::Result<()>) {
        if self.state.is_ok() {
            self.state = result;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// A stream whose bytes a test can read.
    #[derive(Clone, Default)]
    pub(crate) struct Captured(Rc<RefCell<Vec<u8>>>);

    impl Captured {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.borrow().clone()).unwrap()
        }
    }

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        let gone = Failing(io::ErrorKind::BrokenPipe);
        let mut output = Output::new(Box::new(gone), Box::new(io::sink()), false);
        output.line("one");
        assert!(!output.is_open());
        output.finish().unwrap();
    }

    #[test]
    fn a_full_disk_is_told() {
        let full = Failing(io::ErrorKind::StorageFull);
        let mut output = Output::new(Box::new(full), Box::new(io::sink()), false);
        output.line("one");
        assert!(output.finish().is_err());
    }

    #[test]
    fn what_kept_a_command_from_asking_is_json_too() {
        let (out, err) = (Captured::default(), Captured::default());
        let mut output = Output::new(Box::new(out.clone()), Box::new(err.clone()), true);
        output.failure(&Failure::unreachable("no answer").and("try again"));
        output.finish().unwrap();
        let value: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        let expected =
            serde_json::json!({ "error": "no answer", "hints": ["try again"], "exit": 3 });
        assert_eq!(value, expected);
        assert_eq!(err.text(), "no answer\ntry again\n");
    }

    #[test]
    fn what_is_said_of_a_file_keeps_its_lines() {
        let err = Captured::default();
        let output = Output::new(Box::new(io::sink()), Box::new(err.clone()), false);
        let mut output = output.within(Some(20));
        let said = "line 2, column 1\n  |\n2 | nmae = \"\u{1b}\"\n  | ^^^^\nunknown field";
        output.failure(&Failure::usage(said));
        let shown = err.text();
        assert!(
            shown.contains("2 | nmae = \"\\u{1b}\"\n  | ^^^^\n"),
            "{shown}"
        );
        assert!(!shown.contains("u{a}"), "{shown}");
        let forged = Captured::default();
        let mut output = Output::new(Box::new(io::sink()), Box::new(forged.clone()), false);
        output.failure(&Failure::refused("no\nissued crt_1"));
        assert_eq!(forged.text(), "no\\u{a}issued crt_1\n");
    }

    #[test]
    fn control_characters_are_shown() {
        let out = Captured::default();
        let mut output = Output::new(Box::new(out.clone()), Box::new(io::sink()), false);
        output.line("a\u{1b}[2Jb\u{202e}c");
        output.finish().unwrap();
        assert_eq!(out.text(), "a\\u{1b}[2Jb\\u{202e}c\n");
    }
}
