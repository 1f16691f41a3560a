use super::Entry;
use crate::json;

/// Bytes that most entries stay below.
const USUAL: usize = 1_024;

/// The line of an entry, written field by field: nothing is made in between.
pub(super) fn line(entry: &Entry<'_>) -> Vec<u8> {
    let mut line = Vec::with_capacity(USUAL);
    line.extend_from_slice(b"{\"v\":1");
    text(&mut line, "at", Some(&entry.at.to_string()));
    text(&mut line, "kind", Some(entry.kind.as_str()));
    text(&mut line, "actor", Some(&entry.actor));
    text(&mut line, "certificate", entry.certificate.as_deref());
    text(&mut line, "request", entry.request.as_deref());
    text(&mut line, "subject", entry.subject.as_deref());
    text(&mut line, "code", entry.code.as_deref());
    text(&mut line, "rule", entry.rule.as_deref());
    text(
        &mut line,
        "digest",
        entry.digest.map(hex::encode).as_deref(),
    );
    name(&mut line, "detail");
    line.extend_from_slice(entry.detail.as_str().as_bytes());
    line.push(b'}');
    line
}

/// A field that is left out if it is absent.
fn text(line: &mut Vec<u8>, field: &str, value: Option<&str>) {
    if let Some(value) = value {
        name(line, field);
        json::push_string(line, value);
    }
}

fn name(line: &mut Vec<u8>, field: &str) {
    line.extend_from_slice(b",\"");
    line.extend_from_slice(field.as_bytes());
    line.extend_from_slice(b"\":");
}
