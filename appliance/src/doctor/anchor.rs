//! What the token remembers of the log, held against the database as a start does it.

use countersign_store::{Store, StoreError};

use super::Report;
use crate::anchor::{Found, MISSING, check};
use crate::start::Opened;

/// Entries that are read at a time.
const PAGE: u64 = 256;

pub(super) async fn examine(opened: &Opened, report: &mut Report) {
    match check(&*opened.db, &opened.ledger, &opened.desk).await {
        Ok(Found::Checked(remembered)) => report.add(
            "anchor",
            Ok(format!(
                "the log grew out of the {} entries that the token remembers",
                remembered.size
            )),
        ),
        Ok(Found::Missing) => report.warn(
            "anchor",
            format!("{MISSING}; a start goes on, and ends whatever waits for people"),
        ),
        Ok(Found::None) => report.add(
            "anchor",
            Ok("the token keeps no memory of the log".to_owned()),
        ),
        Err(error) => report.add("anchor", Err(error.to_string())),
    }
    let size = opened.ledger.head().borrow().size;
    match last_start(&*opened.db, size).await {
        Ok(Some((index, found))) if found == "missing" => report.warn(
            "anchor.start",
            format!(
                "at the last start, log entry {index}, {MISSING}; the next start that finds it ends \
                 this warning"
            ),
        ),
        Ok(_) => {}
        Err(error) => report.add("anchor.start", Err(error.to_string())),
    }
}

/// The newest start in the log, and what it says of the anchor.
async fn last_start(db: &dyn Store, size: u64) -> Result<Option<(u64, String)>, StoreError> {
    let mut end = size;
    while end > 0 {
        let from = end.saturating_sub(PAGE);
        let wanted = u32::try_from(end - from).unwrap_or(u32::MAX);
        let rows = db.entries(from, wanted).await?;
        let start = |row: &countersign_store::EntryRow| Some((row.index, found(&row.entry)?));
        let newest = rows.iter().rev().find_map(start);
        if newest.is_some() {
            return Ok(newest);
        }
        end = from;
    }
    Ok(None)
}

fn found(entry: &[u8]) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_slice(entry).ok()?;
    if entry.get("kind")? != "start" {
        return None;
    }
    let found = entry.get("detail")?.get("anchor")?.as_str()?;
    Some(found.to_owned())
}
