//! What the reader sees: one line per step, in order, colours only on a terminal.

use std::io::{self, IsTerminal, Stdout, Write};

const GREEN: &str = "32";
const RED: &str = "31";
const BLUE: &str = "36";
const GREY: &str = "90";
const BOLD: &str = "1";

/// Standard output.
pub(crate) struct Screen {
    out: Stdout,
    colour: bool,
}

impl Screen {
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out, colour }
    }

    /// A heading.
    pub(crate) fn title(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(BOLD, text);
        writeln!(self.out, "\n{text}")
    }

    /// What the following steps are about.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        let indent = if text.is_empty() { "" } else { "   " };
        writeln!(self.out, "{indent}{text}")
    }

    /// Who sends what.
    pub(crate) fn sent(&mut self, who: &str, what: &str) -> io::Result<()> {
        let arrow = self.paint(BLUE, "→");
        writeln!(self.out, "   {arrow} {who}: {what}")
    }

    /// What comes back.
    pub(crate) fn back(&mut self, text: &str) -> io::Result<()> {
        let arrow = self.paint(BLUE, "←");
        writeln!(self.out, "   {arrow} {text}")
    }

    /// A line of what was sent or came back.
    pub(crate) fn detail(&mut self, text: &str) -> io::Result<()> {
        let text = self.paint(GREY, text);
        writeln!(self.out, "       {text}")
    }

    /// Something happened, as it must.
    pub(crate) fn yes(&mut self, text: &str) -> io::Result<()> {
        let mark = self.paint(GREEN, "✓");
        writeln!(self.out, "   {mark} {text}")
    }

    /// Something did not happen, as it must not.
    pub(crate) fn no(&mut self, text: &str) -> io::Result<()> {
        let mark = self.paint(RED, "✗");
        writeln!(self.out, "   {mark} {text}")
    }

    /// The demo ends because something is not as expected.
    pub(crate) fn failed(&mut self, error: &anyhow::Error) -> io::Result<()> {
        self.out.flush()?;
        writeln!(io::stderr(), "\nthe demo failed: {error:#}")
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
