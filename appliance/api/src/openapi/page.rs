//! Pages of lists, a schema for each kind of entry.

use serde_json::{Value, json};

use super::reference;

/// Name of the schema of a page of these.
pub(super) fn name(of: &str) -> String {
    format!("{of}Page")
}

/// Schema of a page of these, as [`crate::Page`] is written.
pub(super) fn schema(of: &str) -> Value {
    json!({
        "type": "object",
        "description": "One page of a list, newest first.",
        "required": ["items"],
        "properties": {
            "items": { "type": "array", "items": reference(of) },
            "next": {
                "type": "string",
                "description": "Where the next page starts, the `cursor` to ask for it with; absent on the last one."
            },
            "next_cursor": { "type": "string", "description": "The same under the name that it had first." },
            "revision": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "description": "How far the log had got: what changes from here on is told by `after`. Of wallets and requests only."
            }
        }
    })
}
