//! Reads TOML key by key: every key that nobody asked for is an error, and every error knows
//! its place.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct DocumentError {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The key it is about, e.g. `rules[2].when.max_tip`; empty for the document.
    pub path: String,
    /// What was expected, what came, what to do.
    pub message: String,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "`{}`: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Collects the errors of one document.
struct Reader<'t> {
    text: &'t str,
    errors: RefCell<Vec<DocumentError>>,
}

impl<'t> Reader<'t> {
    const fn new(text: &'t str) -> Self {
        Self {
            text,
            errors: RefCell::new(Vec::new()),
        }
    }

    /// The errors so far, in the order of the document.
    fn into_errors(self) -> Vec<DocumentError> {
        let mut errors = self.errors.into_inner();
        errors.sort_by_key(|error| (error.line, error.column));
        errors
    }

    fn fail(&self, at: usize, path: &str, message: impl Into<String>) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before
            .get(line_start..)
            .map_or(0, |text| text.chars().count());
        self.errors.borrow_mut().push(DocumentError {
            line: before.matches('\n').count() + 1,
            column: column + 1,
            path: path.to_owned(),
            message: message.into(),
        });
    }
}

/// Reads a document of at most `most` bytes; whatever `read` finds wrong makes it an error.
pub(crate) fn document<T>(
    text: &str,
    most: usize,
    read: impl FnOnce(Section<'_>) -> Option<T>,
) -> Result<T, Vec<DocumentError>> {
    let reader = Reader::new(text);
    let value = if text.len() > most {
        reader.fail(0, "", format!("longer than {most} bytes"));
        None
    } else {
        match DeTable::parse(text) {
            Ok(table) => read(Section::root(&reader, table.get_ref())),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                reader.fail(at, "", format!("this is not TOML: {}", error.message()));
                None
            }
        }
    };
    let errors = reader.into_errors();
    match value {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(errors),
    }
}

/// A table whose keys are asked for one by one.
pub(crate) struct Section<'d> {
    reader: &'d Reader<'d>,
    table: &'d DeTable<'d>,
    path: String,
    at: usize,
    asked: RefCell<Vec<&'static str>>,
}

impl<'d> Section<'d> {
    fn root(reader: &'d Reader<'d>, table: &'d DeTable<'d>) -> Self {
        Self::new(reader, table, String::new(), 0)
    }

    fn new(reader: &'d Reader<'d>, table: &'d DeTable<'d>, path: String, at: usize) -> Self {
        Self {
            reader,
            table,
            path,
            at,
            asked: RefCell::new(Vec::new()),
        }
    }

    /// An error about the table itself.
    pub(crate) fn fail(&self, message: impl Into<String>) {
        self.reader.fail(self.at, &self.path, message);
    }

    /// The value under `key`, if it is there.
    pub(crate) fn get(&self, key: &'static str) -> Option<Field<'d>> {
        self.asked.borrow_mut().push(key);
        self.table
            .get(key)
            .map(|value| Field::new(self.reader, value, self.child(key)))
    }

    /// The value under `key`; its absence is an error.
    pub(crate) fn need(&self, key: &'static str) -> Option<Field<'d>> {
        let found = self.get(key);
        if found.is_none() {
            self.fail(format!("`{key}` is missing"));
        }
        found
    }

    /// Every entry, for tables whose keys are names.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'d str, Field<'d>)> {
        self.table.iter().map(|(key, value)| {
            let name = key.get_ref().as_ref();
            (name, Field::new(self.reader, value, self.child(name)))
        })
    }

    /// Refuses every key that nobody asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let name = key.get_ref().as_ref();
            if !asked.contains(&name) {
                let message = match nearest(name, &asked) {
                    Some(known) => format!("unknown key; did you mean `{known}`?"),
                    None => format!("unknown key; known here: {}", asked.join(", ")),
                };
                self.reader
                    .fail(key.span().start, &self.child(name), message);
            }
        }
    }

    fn child(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }
}

/// One value and its place.
pub(crate) struct Field<'d> {
    reader: &'d Reader<'d>,
    value: &'d DeValue<'d>,
    path: String,
    span: Range<usize>,
}

impl<'d> Field<'d> {
    fn new(reader: &'d Reader<'d>, value: &'d Spanned<DeValue<'d>>, path: String) -> Self {
        Self {
            reader,
            value: value.get_ref(),
            path,
            span: value.span(),
        }
    }

    pub(crate) fn fail(&self, message: impl Into<String>) {
        self.reader.fail(self.span.start, &self.path, message);
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.fail(format!("expected {what}, got {}", kind(self.value)));
        None
    }

    pub(crate) fn text(&self) -> Option<&'d str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.expected("a string"),
        }
    }

    /// A string, or a whole number as it is written.
    pub(crate) fn text_or_number(&self) -> Option<&'d str> {
        match self.value {
            DeValue::String(text) => Some(text.as_ref()),
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            _ => self.expected("a string"),
        }
    }

    /// A whole number not above `max`.
    pub(crate) fn number(&self, max: u64) -> Option<u64> {
        let DeValue::Integer(number) = self.value else {
            return self.expected("a whole number");
        };
        match u64::from_str_radix(number.as_str(), number.radix()) {
            Ok(value) if value <= max => Some(value),
            _ => {
                self.fail(format!(
                    "expected a whole number from 0 to {max}, got {number}"
                ));
                None
            }
        }
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(*value),
            _ => self.expected("true or false"),
        }
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    pub(crate) fn section(&self) -> Option<Section<'d>> {
        match self.value {
            DeValue::Table(table) => Some(Section::new(
                self.reader,
                table,
                self.path.clone(),
                self.span.start,
            )),
            _ => self.expected("a table"),
        }
    }

    pub(crate) fn array(&self) -> Option<Vec<Field<'d>>> {
        let DeValue::Array(items) = self.value else {
            return self.expected("a list");
        };
        let item =
            |(index, value)| Field::new(self.reader, value, format!("{}[{index}]", self.path));
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A list, or one value standing for a list of one.
    pub(crate) fn array_or_one(self) -> Vec<Field<'d>> {
        if let DeValue::Array(_) = self.value {
            return self.array().unwrap_or_default();
        }
        vec![self]
    }

    /// The string, read as something; what it says when it cannot becomes the error.
    pub(crate) fn parse<T, E: fmt::Display>(
        &self,
        read: impl FnOnce(&'d str) -> Result<T, E>,
    ) -> Option<T> {
        self.take(self.text()?, read)
    }

    /// Like [`Field::parse`], of text that was taken out of the field before.
    pub(crate) fn take<T, E: fmt::Display>(
        &self,
        text: &'d str,
        read: impl FnOnce(&'d str) -> Result<T, E>,
    ) -> Option<T> {
        read(text)
            .map_err(|error| self.fail(error.to_string()))
            .ok()
    }
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a floating-point number; write amounts as strings like `\"1.25\"`",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known word that `got` most likely stands for, if one is near.
#[must_use]
pub fn nearest<'k>(got: &str, known: &[&'k str]) -> Option<&'k str> {
    if got.len() > 64 {
        return None;
    }
    known
        .iter()
        .map(|word| (distance(got, word), *word))
        .min()
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(2))
        .map(|(_, word)| word)
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let replaced = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = replaced.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("max_tip", "max_tip", 0),
            ("max_slipage_bps", "max_slippage_bps", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_near_words_are_suggested() {
        let known = ["action", "asset", "max_amount"];
        assert_eq!(nearest("acton", &known), Some("action"));
        assert_eq!(nearest("colour", &known), None);
    }
}
