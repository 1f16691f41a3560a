//! Every difference between two policies, in words: what people read before they agree to one.
//!
//! It is made from the two files, key by key, and not from what the program makes of them: a key
//! that is new to the program is told like any other, and none can be forgotten.

mod entry;
mod meanings;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use crate::set::PolicySet;
use entry::{Entry, quoted};

/// A line for each difference, printable ASCII; none if both say the same in other words.
/// Addresses stand in full, and what a rule or limit that differs refers to is told behind. The
/// name of the policy is left out.
#[must_use]
pub fn differences(old: &PolicySet, new: &PolicySet) -> Vec<String> {
    let read = |set: &PolicySet| set.text().parse::<Table>().unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut lines = Vec::new();
    for key in keys {
        let (before, after) = (old.get(key), new.get(key));
        match key.as_str() {
            "name" => {}
            "destinations" | "groups" | "assets" | "rules" | "limits" => {
                let (before, after) = (entries(before), entries(after));
                compare(key, &before, &after, &mut lines);
            }
            other => {
                let of = |value: Option<&Value>| value.map(Entry::of).unwrap_or_default();
                of(before).changes(&of(after), &quoted(other), &mut lines);
            }
        }
    }
    meanings::tell(&old, &new, &mut lines);
    lines
}

/// `[key.NAME]` tables, or `[[key]]` tables by their `name`.
fn entries(value: Option<&Value>) -> BTreeMap<String, Entry> {
    let named: Vec<(String, &Value)> = match value {
        Some(Value::Table(table)) => table
            .iter()
            .map(|(name, one)| (name.clone(), one))
            .collect(),
        Some(Value::Array(items)) => items.iter().map(|one| (name_of(one), one)).collect(),
        _ => Vec::new(),
    };
    let entry = |(name, value): (String, &Value)| (name, Entry::of(value).without("name"));
    named.into_iter().map(entry).collect()
}

fn name_of(item: &Value) -> String {
    let name = item.get("name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn compare(
    section: &str,
    old: &BTreeMap<String, Entry>,
    new: &BTreeMap<String, Entry>,
    lines: &mut Vec<String>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name), new.get(name));
        if before == after {
            continue;
        }
        let shown = format!("`{}`", quoted(name));
        match section {
            "rules" => rules::rule(&shown, before, after, lines),
            "limits" => rules::limit(&shown, before, after, lines),
            "destinations" => listed("destination", &shown, "", before, after, lines),
            "groups" => listed("group", &shown, "group ", before, after, lines),
            _ => asset(&shown, before, after, lines),
        }
    }
}

/// A destination or a group: who or what comes and goes, then everything else. `word` stands
/// before the name where that would not say what it is.
fn listed(
    what: &str,
    name: &str,
    word: &str,
    before: Option<&Entry>,
    after: Option<&Entry>,
    lines: &mut Vec<String>,
) {
    let nothing = Entry::default();
    let (old, new) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    match (before, after) {
        (None, Some(_)) => lines.push(format!("{what} {name} added")),
        (Some(_), None) => lines.push(format!("{what} {name} removed")),
        _ => {}
    }
    for key in ["solana", "evm", "approvers"] {
        let (added, removed) = old.moved(new, key);
        lines.extend(added.map(|item| format!("adds {item} to {word}{name}")));
        lines.extend(removed.map(|item| format!("removes {item} from {word}{name}")));
    }
    let (old, new) = (
        old.clone()
            .without("solana")
            .without("evm")
            .without("approvers"),
        new.clone()
            .without("solana")
            .without("evm")
            .without("approvers"),
    );
    if after.is_some() {
        old.changes(&new, &format!("{word}{name}"), lines);
    }
}

fn asset(name: &str, before: Option<&Entry>, after: Option<&Entry>, lines: &mut Vec<String>) {
    match (before, after) {
        (None, Some(entry)) => lines.push(format!("asset {name} added: {entry}")),
        (Some(entry), None) => lines.push(format!("asset {name} removed: was {entry}")),
        (Some(old), Some(new)) => old.changes(new, &format!("asset {name}"), lines),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests;
