//! One entry of a policy as its keys and values in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use toml::Value;

/// What is written where a key is absent.
const UNSET: &str = "unset";

/// Keys with the values that they list; a value alone is a list of one, as in policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry(BTreeMap<String, BTreeSet<String>>);

impl Entry {
    /// Reads a value; keys of tables within tables are joined by dots.
    pub(super) fn of(value: &Value) -> Self {
        let mut entry = Self::default();
        entry.read("", value);
        entry
    }

    fn read(&mut self, path: &str, value: &Value) {
        match value {
            Value::Table(table) => {
                // An empty table says something too: that it is there.
                if table.is_empty() && !path.is_empty() {
                    self.0.insert(path.to_owned(), BTreeSet::new());
                }
                for (key, value) in table {
                    let key = quoted(key);
                    let path = match path {
                        "" => key,
                        path => format!("{path}.{key}"),
                    };
                    self.read(&path, value);
                }
            }
            Value::Array(items) => {
                let items = items.iter().map(words).collect();
                self.0.insert(path.to_owned(), items);
            }
            single => {
                self.0
                    .insert(path.to_owned(), BTreeSet::from([words(single)]));
            }
        }
    }

    pub(super) fn without(mut self, key: &str) -> Self {
        self.0.remove(key);
        self
    }

    /// The keys under `prefix`, without it; the rest is left.
    pub(super) fn take(&mut self, prefix: &str) -> Self {
        let (taken, left) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(key, _)| key.starts_with(prefix));
        self.0 = left;
        let taken: BTreeMap<String, BTreeSet<String>> = taken;
        let short = |(key, values): (String, BTreeSet<String>)| {
            let short = key.strip_prefix(prefix).unwrap_or(&key).to_owned();
            (short, values)
        };
        Self(taken.into_iter().map(short).collect())
    }

    /// The keys that say the same in `new`.
    pub(super) fn kept(&self, new: &Self) -> Self {
        let mut kept = self.clone();
        kept.0.retain(|key, values| new.0.get(key) == Some(values));
        kept
    }

    /// Every word of every value.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let apart = |character: char| {
            !(character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-'))
        };
        let values = self.0.values().flatten();
        values.flat_map(move |value| value.split(apart))
    }

    /// How many values there are.
    pub(super) fn count(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values of a key in words; `None` where it is absent.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.0.get(key).map(listed)
    }

    /// Values that `new` has more under `key`, and those it has less.
    pub(super) fn moved<'a>(
        &'a self,
        new: &'a Self,
        key: &str,
    ) -> (
        impl Iterator<Item = &'a String>,
        impl Iterator<Item = &'a String>,
    ) {
        let of = |entry: &'a Self| {
            entry
                .0
                .get(key)
                .into_iter()
                .flatten()
                .collect::<BTreeSet<_>>()
        };
        let (before, after) = (of(self), of(new));
        let added: Vec<_> = after.difference(&before).copied().collect();
        let removed: Vec<_> = before.difference(&after).copied().collect();
        (added.into_iter(), removed.into_iter())
    }

    /// A line for each key that differs. A list with some items kept tells those that came and
    /// went; anything else is told before and after.
    pub(super) fn changes(&self, new: &Self, name: &str, lines: &mut Vec<String>) {
        let keys: BTreeSet<&String> = self.0.keys().chain(new.0.keys()).collect();
        for key in keys {
            let (before, after) = (self.0.get(key), new.0.get(key));
            if before == after {
                continue;
            }
            let told = match key.as_str() {
                "" => name.to_owned(),
                key => format!("{name} {key}"),
            };
            match (before, after) {
                (Some(old), Some(now)) if old.len() > 1 || now.len() > 1 => {
                    let added = now
                        .difference(old)
                        .map(|item| format!("{told} adds {item}"));
                    lines.extend(added);
                    let gone = old
                        .difference(now)
                        .map(|item| format!("{told} removes {item}"));
                    lines.extend(gone);
                }
                _ => {
                    let shown = |value: Option<&BTreeSet<String>>| {
                        value.map_or_else(|| UNSET.to_owned(), listed)
                    };
                    lines.push(format!("{told} {} -> {}", shown(before), shown(after)));
                }
            }
        }
    }
}

/// `key value, key value`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (key, values)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let space = if key.is_empty() { "" } else { " " };
            write!(f, "{comma}{key}{space}{}", listed(values))?;
        }
        Ok(())
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    if values.is_empty() {
        return "nothing".to_owned();
    }
    let all: Vec<&str> = values.iter().map(String::as_str).collect();
    all.join(" or ")
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Table(_) => format!("({})", Entry::of(value)),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(words).collect();
            format!("({})", items.join(" or "))
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            value.to_string()
        }
    }
}

/// Text that cannot be taken for something else: as it is where it is one plain word or amount,
/// in quotes and escaped otherwise.
pub(super) fn quoted(text: &str) -> String {
    let plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-' | '/' | ':' | '@')
    };
    let words = text.split(' ').count() <= 2;
    let each = text
        .split(' ')
        .all(|word| !word.is_empty() && word.chars().all(plain));
    if words && each {
        text.to_owned()
    } else {
        format!("\"{}\"", text.escape_default())
    }
}
