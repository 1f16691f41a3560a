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

/// What was measured in every turn, by name, in the order of the first turn.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<(String, Vec<f64>)>);

impl Seen {
    pub(crate) fn add(&mut self, what: &str, value: f64) {
        match self.0.iter_mut().find(|(name, _)| name == what) {
            Some((_, values)) => values.push(value),
            None => self.0.push((what.to_owned(), vec![value])),
        }
    }

    pub(crate) fn load(&mut self, what: &str, measured: &Measured) {
        self.add(&format!("{what}, per second"), measured.per_second);
        self.add(&format!("{what}, us CPU"), measured.cpu_micros);
        self.add(&format!("{what}, p50 ms"), measured.p50_millis);
        self.add(&format!("{what}, p99 ms"), measured.p99_millis);
    }

    /// The middle one of the turns; 0 without any.
    pub(crate) fn median(&self, what: &str) -> f64 {
        let (_, middle, _) = self.spread(what);
        middle
    }

    /// Least, middle and most.
    fn spread(&self, what: &str) -> (f64, f64, f64) {
        let found = self.0.iter().find(|(name, _)| name == what);
        let mut values = found.map_or_else(Vec::new, |(_, values)| values.clone());
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or_default();
        let last = values.len().saturating_sub(1);
        (at(0), at(values.len() / 2), at(last))
    }

    /// Prints the medians, and how far the turns lie apart.
    pub(crate) fn print(&self, report: &mut Report) {
        for (name, values) in &self.0 {
            let (least, middle, most) = self.spread(name);
            let turns = values.len();
            let value = format!("{middle:.2} ({least:.2} to {most:.2} in {turns} turns)");
            report.line(name, value);
        }
    }
}
