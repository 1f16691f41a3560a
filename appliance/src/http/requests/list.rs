//! Listing requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use countersign_api::{Page, Request, RequestQuery};
use countersign_intent::Role;
use countersign_store::{REQUEST_SCAN, Store, request_seq};

use super::{Detail, of_change, of_sign, sees};
use crate::app::App;
use crate::governance::change::ChangeRecord;
use crate::http::convert;
use crate::http::error::ApiError;
use crate::http::extract::{Peer, Query};
use crate::http::page::{BATCHES, Narrow, narrowed};
use crate::records::Stored;

/// Starts the cursor of a page of changes.
const CHANGES: &str = "change-";

/// States that a list can be narrowed to.
const STATES: [&str; 11] = [
    "reserved", "signed", "denied", "released", "unknown", "pending", "approved", "rejected",
    "expired", "consumed", "done",
];

/// Sign requests first, the newest first; then changes, the oldest first. Changes that wait
/// stand at the beginning of a list of what is pending or approved.
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<RequestQuery>,
) -> Result<Json<Page<Request>>, ApiError> {
    let limit = convert::page_size(query.limit)?;
    let list = List {
        app: &app,
        peer: &peer,
        wanted: query.status.as_deref().map(wanted_state).transpose()?,
    };
    let cursor = query.cursor.as_deref();
    if let Some(after) = cursor.and_then(|cursor| cursor.strip_prefix(CHANGES)) {
        return Ok(Json(list.changes(after, limit).await?));
    }
    let mut page = list.signs(cursor, limit).await?;
    if list.waiting() && cursor.is_none() {
        let mut open = list.open_changes().await?;
        open.append(&mut page.items);
        page.items = open;
    }
    Ok(Json(page))
}

fn wanted_state(text: &str) -> Result<&'static str, ApiError> {
    let known = STATES.into_iter().find(|state| *state == text);
    known.ok_or_else(|| {
        let detail = format!("expected one of {}, got `{text}`", STATES.join(", "));
        ApiError::field("status", detail)
    })
}

fn no_cursor(text: &str) -> ApiError {
    ApiError::field(
        "cursor",
        format!("`{text}` is no `next_cursor` of a page before"),
    )
}

struct List<'a> {
    app: &'a App,
    peer: &'a Peer,
    wanted: Option<&'static str>,
}

impl List<'_> {
    fn matches(&self, request: &Request) -> bool {
        self.wanted.is_none_or(|wanted| request.state == wanted)
    }

    fn waiting(&self) -> bool {
        matches!(self.wanted, Some("pending" | "approved"))
    }

    async fn signs(&self, cursor: Option<&str>, limit: u32) -> Result<Page<Request>, ApiError> {
        let before = match cursor {
            None => u64::MAX,
            Some(text) => text.parse().map_err(|_| no_cursor(text))?,
        };
        let everything = matches!(self.peer.role(), Role::Operator | Role::Auditor);
        let principal = self.peer.principal().to_string();
        let own = (!everything).then_some(principal.as_str());
        let newest = self.app.db.progress().await?.last_request;
        let mut before = before.min(newest.saturating_add(1));
        let mut items = Vec::new();
        for _ in 0..BATCHES {
            let first = before;
            let rows = self.app.db.requests(own, before, limit).await?;
            for row in &rows {
                before = request_seq(row.request.id);
                let request = of_sign(self.app, row, Detail::Summary).await?;
                items.extend(Some(request).filter(|request| self.matches(request)));
                if is_full(&items, limit) {
                    return Ok(self.page(items, before));
                }
            }
            if !is_full(&rows, limit) {
                // The store has looked at this many numbers and no further.
                before = before.min(first.saturating_sub(REQUEST_SCAN));
            }
            if before < 2 {
                break;
            }
        }
        Ok(self.page(items, before))
    }

    /// After the last sign request come the changes, but for those that wait: they came first.
    fn page(&self, items: Vec<Request>, before: u64) -> Page<Request> {
        let changes = self.peer.role() != Role::Bot && !self.waiting();
        Page {
            items,
            next_cursor: match before {
                2.. => Some(before.to_string()),
                _ if changes => Some(format!("{CHANGES}0")),
                _ => None,
            },
        }
    }

    async fn changes(&self, after: &str, limit: u32) -> Result<Page<Request>, ApiError> {
        let after: i64 = after.parse().map_err(|_| no_cursor(after))?;
        let records = &self.app.records;
        let mut page = narrowed::<ChangeRecord, _>(records, None, Some(after), limit, self).await?;
        page.next_cursor = page.next_cursor.map(|seq| format!("{CHANGES}{seq}"));
        Ok(page)
    }

    async fn open_changes(&self) -> Result<Vec<Request>, ApiError> {
        let mut items = Vec::new();
        for id in self.app.open_changes.all() {
            let row = self.app.records.get::<ChangeRecord>(*id.as_bytes()).await?;
            if let Some(row) = row {
                items.extend(self.show(&row).await?);
            }
        }
        Ok(items)
    }
}

impl Narrow<ChangeRecord> for List<'_> {
    type Shown = Request;

    async fn show(&self, row: &Stored<ChangeRecord>) -> Result<Option<Request>, ApiError> {
        if !sees(self.peer, &row.record.asker) {
            return Ok(None);
        }
        let request = of_change(self.app, row, Detail::Summary).await?;
        Ok(Some(request).filter(|request| self.matches(request)))
    }
}

fn is_full<T>(items: &[T], limit: u32) -> bool {
    u32::try_from(items.len()).is_ok_and(|count| count >= limit)
}
