//! An entry of the log: read only in its one spelling.

use countersign_audit::Entry;

pub const SEEDS: &[&str] = &[
    r#"{"v":1,"at":"2026-11-21T07:44:24.000123Z","kind":"start","actor":"system","detail":{}}"#,
    r#"{"v":1,"at":"2026-11-21T07:44:24.000123Z","kind":"sign_outcome","actor":"spiffe://desk/bot/a","request":"req_1","subject":"wal_7","code":"signed","detail":{"signature":"1"}}"#,
];

pub fn run(bytes: &[u8]) {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.encode().expect("what was read is whole"), bytes);
    }
}
