//! How a table is brought into the width of a terminal.

use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter};
use unicode_width::UnicodeWidthStr;

use super::column::{Column, Fit};

/// Blanks between two columns.
pub(super) const GAP: usize = 2;

/// `2026-11-21 12:00` and `2026-11-21`.
const MINUTE: usize = 16;
const DAY: usize = 10;

/// Narrowest that a column of words gets, unless its cells are narrower.
const WORDS: usize = 6;

/// Longest word that is not broken while a column can be left out instead.
const WORD: usize = 12;

/// After these a name goes on in the next line.
const JOINTS: [char; 4] = [' ', '-', '_', '/'];

/// Narrowest that an address gets: six characters of either end.
const ADDRESS: usize = 13;

/// Narrowest that the end of a path gets.
const END: usize = 12;

/// Which columns are shown, and how wide.
pub(super) struct Layout {
    shown: Vec<Shown>,
    left_out: Vec<&'static str>,
    width: Option<usize>,
}

/// A column as it is shown.
#[derive(Clone, Copy)]
struct Shown {
    index: usize,
    column: Column,
    natural: usize,
    width: usize,
    longest_word: usize,
}

/// How hard a table is pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Press {
    /// Times to the minute, words between words.
    Gently,
    /// Times to the day, and through words.
    Hard,
}

impl Layout {
    /// For these cells: in full, or in at most `width` if the columns allow that.
    pub(super) fn of(columns: &[Column], rows: &[Vec<String>], width: Option<usize>) -> Self {
        let natural = columns.iter().enumerate().map(|(index, column)| {
            let cells = || rows.iter().filter_map(|row| row.get(index));
            let widest = cells().map(|cell| cell.width()).max().unwrap_or(0);
            let words = cells().flat_map(|cell| cell.split_inclusive(JOINTS));
            let longest_word = words.map(|word| word.trim_end().width()).max().unwrap_or(0);
            let natural = widest.max(column.header().width());
            Shown {
                index,
                column: *column,
                natural,
                width: natural,
                longest_word,
            }
        });
        let mut layout = Self {
            shown: natural.collect(),
            left_out: Vec::new(),
            width,
        };
        if let Some(width) = width {
            layout.narrow(width);
        }
        layout
    }

    /// The lines and the width of each cell that is shown.
    pub(super) fn cells(&self, row: &[String]) -> impl Iterator<Item = (Vec<String>, usize)> {
        self.shown.iter().map(|shown| {
            let cell = row.get(shown.index).map_or("", String::as_str);
            (shown.lines(cell), shown.width)
        })
    }

    /// What is not shown and how to see it; `None` if nothing is missing.
    pub(super) fn told(&self) -> Option<String> {
        let width = self.width?;
        let left_out = self.left_out.join("`, `");
        if !left_out.is_empty() {
            return Some(format!(
                "no room for `{left_out}` in {width} columns: `--wide` shows everything"
            ));
        }
        let cut = |shown: &Shown| shown.width < shown.natural && shown.column.fit() != Fit::Words;
        let cut = self.shown.iter().any(cut);
        cut.then(|| format!("shortened to {width} columns: `--wide` shows everything"))
    }

    fn narrow(&mut self, width: usize) {
        if self.total() <= width {
            return;
        }
        while !self.squeeze(width, Press::Gently) {
            let Some(place) = self.shown.iter().rposition(|one| one.column.is_spare()) else {
                // Where even this does not fit, the terminal wraps what must be shown.
                self.squeeze(width, Press::Hard);
                return;
            };
            let gone = self.shown.remove(place);
            self.left_out.insert(0, gone.column.header());
        }
    }

    /// Takes from the widest column that can give, addresses before words, until all fit.
    fn squeeze(&mut self, width: usize, press: Press) -> bool {
        let time = if press == Press::Gently { MINUTE } else { DAY };
        for shown in &mut self.shown {
            shown.width = match shown.column.fit() {
                Fit::Time => shown.natural.min(time),
                Fit::Whole | Fit::Words | Fit::Middle | Fit::End => shown.natural,
            };
        }
        while self.total() > width {
            let names = |one: &&mut Shown| matches!(one.column.fit(), Fit::Middle | Fit::End);
            let words = |one: &&mut Shown| one.column.fit() == Fit::Words;
            if !self.take(press, names) && !self.take(press, words) {
                return false;
            }
        }
        true
    }

    fn take(&mut self, press: Press, of: impl Fn(&&mut Shown) -> bool) -> bool {
        let can_give = self
            .shown
            .iter_mut()
            .filter(of)
            .filter(|one| one.width > one.floor(press));
        match can_give.max_by_key(|one| one.width) {
            Some(widest) => widest.width = widest.width.saturating_sub(1),
            None => return false,
        }
        true
    }

    fn total(&self) -> usize {
        let widths = self.shown.iter().map(|one| one.width.saturating_add(GAP));
        widths.sum::<usize>().saturating_sub(GAP)
    }
}

impl Shown {
    fn floor(&self, press: Press) -> usize {
        let least = match self.column.fit() {
            Fit::Whole | Fit::Time => return self.width,
            Fit::Words if press == Press::Hard => WORDS,
            Fit::Words => WORDS.max(self.longest_word.min(WORD)),
            Fit::Middle => ADDRESS,
            Fit::End => END,
        };
        least.max(self.column.header().width()).min(self.natural)
    }

    fn options(&self) -> Options<'static> {
        Options::new(self.width)
            .word_separator(WordSeparator::Custom(parts))
            .word_splitter(WordSplitter::NoHyphenation)
    }

    fn lines(&self, cell: &str) -> Vec<String> {
        if cell.width() <= self.width {
            return vec![cell.to_owned()];
        }
        match self.column.fit() {
            Fit::Whole => vec![cell.to_owned()],
            Fit::Words => textwrap::wrap(cell, self.options())
                .into_iter()
                .map(String::from)
                .collect(),
            Fit::Middle => vec![without_middle(cell, self.width)],
            Fit::End => vec![format!("…{}", last(cell, self.width.saturating_sub(1)))],
            Fit::Time => vec![
                cell.replacen('T', " ", 1)
                    .chars()
                    .take(self.width)
                    .collect(),
            ],
        }
    }
}

/// Words, and parts of long names, each of which may begin a line.
fn parts(text: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    Box::new(text.split_inclusive(JOINTS).map(Word::from))
}

fn without_middle(cell: &str, width: usize) -> String {
    let kept = width.saturating_sub(1);
    let tail = kept / 2;
    let head: String = cell.chars().take(kept.saturating_sub(tail)).collect();
    format!("{head}…{}", last(cell, tail))
}

fn last(cell: &str, count: usize) -> String {
    let skipped = cell.chars().count().saturating_sub(count);
    cell.chars().skip(skipped).collect()
}
