//! What was measured, printed as it comes, and which targets were met.

use std::io::Write;

use anyhow::{Result, bail};

use crate::load::Measured;

/// Collects the targets that were missed.
#[derive(Debug, Default)]
pub(crate) struct Report {
    missed: Vec<String>,
}

/// Prints a line.
pub(crate) fn say(line: &str) {
    let _broken_pipe = writeln!(std::io::stdout(), "{line}");
}

impl Report {
    pub(crate) fn line(&mut self, what: &str, value: String) {
        say(&format!("{what:52} {value}"));
    }

    pub(crate) fn load(&mut self, what: &str, measured: &Measured) {
        let value = format!(
            "{:.0}/s, {:.1} us CPU, p50 {:.1} ms, p99 {:.1} ms",
            measured.per_second, measured.cpu_micros, measured.p50_millis, measured.p99_millis
        );
        self.line(what, value);
    }

    pub(crate) fn target(
        &mut self,
        what: &str,
        value: f64,
        met: impl Fn(f64) -> bool,
        wanted: &str,
    ) {
        let verdict = if met(value) { "met" } else { "MISSED" };
        self.line(what, format!("{value:.3} ({wanted}: {verdict})"));
        if !met(value) {
            self.missed.push(what.to_owned());
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        if !self.missed.is_empty() {
            bail!("targets missed: {}", self.missed.join("; "));
        }
        Ok(())
    }
}
