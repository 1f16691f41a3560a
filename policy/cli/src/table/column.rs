//! What may be done to a column where a line has no room for it.

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    header: &'static str,
    fit: Fit,
    spare: bool,
}

/// How a cell is made to fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Not at all.
    Whole,
    /// Onto several lines; nothing is lost.
    Words,
    /// Its middle is left out.
    Middle,
    /// Its beginning is left out.
    End,
    /// To the minute, then to the day.
    Time,
}

/// What the next command is called with: always in full.
pub(crate) const fn whole(header: &'static str) -> Column {
    Column::new(header, Fit::Whole)
}

/// Names, numbers and sentences.
pub(crate) const fn words(header: &'static str) -> Column {
    Column::new(header, Fit::Words)
}

/// Addresses, keys and identifiers that another command or `--json` shows in full.
pub(crate) const fn middle(header: &'static str) -> Column {
    Column::new(header, Fit::Middle)
}

/// Paths, of which the end tells most.
pub(crate) const fn end(header: &'static str) -> Column {
    Column::new(header, Fit::End)
}

/// Times (RFC 3339, UTC).
pub(crate) const fn time(header: &'static str) -> Column {
    Column::new(header, Fit::Time)
}

impl Column {
    const fn new(header: &'static str, fit: Fit) -> Self {
        Self {
            header,
            fit,
            spare: false,
        }
    }

    /// May be left out; of several the last goes first.
    pub(crate) const fn spare(mut self) -> Self {
        self.spare = true;
        self
    }

    pub(super) const fn header(&self) -> &'static str {
        self.header
    }

    pub(super) const fn fit(&self) -> Fit {
        self.fit
    }

    pub(super) const fn is_spare(&self) -> bool {
        self.spare
    }
}
