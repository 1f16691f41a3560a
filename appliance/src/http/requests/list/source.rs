//! The two places that requests come from, each read from its newest on.

use std::collections::VecDeque;

use countersign_api::Request;
use countersign_intent::Role;
use countersign_store::{REQUEST_SCAN, RequestFilter, request_seq};

use super::Wanted;
use crate::governance::change::ChangeRecord;
use crate::http::error::ApiError;
use crate::http::messages;
use crate::http::page::BATCHES;
use crate::http::requests::{Detail, of_change, of_sign, sees};
use crate::records::Stored;

/// What one place has, newest first, each with its number there.
#[derive(Default)]
pub(super) struct Source {
    items: VecDeque<(u64, Request)>,
    /// The number below which nothing was looked at, and the entry of the next one there; `None`
    /// if everything was looked at.
    stopped: Option<(u64, u64)>,
}

impl Source {
    /// The log entry that it has got to: of its next, or of the next that is to be looked at.
    pub(super) fn reaches(&self) -> Option<u64> {
        let next = self.items.front().map(|(_, request)| request.log_index);
        next.or(self.stopped.map(|(_, entry)| entry))
    }

    pub(super) fn take(&mut self) -> Option<Request> {
        self.items.pop_front().map(|(_, request)| request)
    }

    /// Below which number to go on; 0 if there is nothing more.
    pub(super) fn resumes(&self) -> u64 {
        let left = self
            .items
            .front()
            .map(|(number, _)| number.saturating_add(1));
        let stopped = self.stopped.map(|(number, _)| number);
        left.or(stopped).unwrap_or(0)
    }

    fn is_over(&self, limit: u32) -> bool {
        self.items.len() > usize::try_from(limit).unwrap_or(usize::MAX)
    }
}

fn is_last(rows: usize, limit: u32) -> bool {
    rows <= usize::try_from(limit).unwrap_or(usize::MAX)
}

/// Sign requests.
pub(super) struct Signs;

impl Signs {
    pub(super) async fn read(
        wanted: &Wanted<'_>,
        before: u64,
        limit: u32,
    ) -> Result<Source, ApiError> {
        let app = wanted.app;
        let newest = app.db.progress().await?.last_request;
        // No number at or below it was judged late enough.
        let floor = match wanted.since {
            Some(since) => messages::before(app, since, newest).await?,
            None => 0,
        };
        let filter = filter(wanted);
        let mut before = before.min(newest.saturating_add(1));
        let mut source = Source::default();
        for _ in 0..BATCHES {
            let first = before;
            let rows = app.requests.list(&filter, before, limit + 1).await?;
            for row in &rows {
                before = request_seq(row.request.id);
                let request = of_sign(app, row, Detail::Summary).await?;
                if wanted.takes(&request) {
                    source.items.push_back((before, request));
                }
                if source.is_over(limit) {
                    return Ok(source);
                }
            }
            if is_last(rows.len(), limit) {
                // The store has looked at this many numbers and no further.
                let scanned = if filter.waiting { first } else { REQUEST_SCAN };
                before = before.min(first.saturating_sub(scanned));
            }
            if before <= floor.saturating_add(1) {
                return Ok(source);
            }
        }
        let next = app
            .requests
            .list(&RequestFilter::default(), before, 1)
            .await?;
        let entry = next.first().map_or(u64::MAX, |row| row.request.log_index);
        source.stopped = Some((before, entry));
        Ok(source)
    }
}

fn filter(wanted: &Wanted<'_>) -> RequestFilter {
    let everything = matches!(wanted.peer.role(), Role::Operator | Role::Auditor);
    let own = (!everything).then(|| wanted.peer.principal().to_string());
    RequestFilter {
        principal: own.or_else(|| wanted.asker.clone()),
        wallet: wanted.wallet,
        since: wanted.since,
        waiting: wanted.asked(),
    }
}

/// Governed changes.
pub(super) struct Changes;

impl Changes {
    pub(super) async fn read(
        wanted: &Wanted<'_>,
        before: u64,
        limit: u32,
    ) -> Result<Source, ApiError> {
        let mut before = i64::try_from(before).unwrap_or(i64::MAX);
        let mut source = Source::default();
        if wanted.waiting() {
            for row in open(wanted, before).await? {
                source.items.extend(shown(wanted, &row).await?);
            }
            return Ok(source);
        }
        let records = &wanted.app.records;
        let mut stopped = None;
        for _ in 0..BATCHES {
            let rows = records
                .newest::<ChangeRecord>(None, Some(before), limit + 1)
                .await?;
            for row in &rows {
                if !is_late(wanted, row) {
                    return Ok(source);
                }
                before = row.seq;
                source.items.extend(shown(wanted, row).await?);
                if source.is_over(limit) {
                    return Ok(source);
                }
                stopped = Some((number(row), row.record.log_index));
            }
            if is_last(rows.len(), limit) {
                return Ok(source);
            }
        }
        source.stopped = stopped;
        Ok(source)
    }
}

fn number(row: &Stored<ChangeRecord>) -> u64 {
    u64::try_from(row.seq).unwrap_or_default()
}

/// Changes that wait: few, and found without looking at those that are over.
async fn open(wanted: &Wanted<'_>, before: i64) -> Result<Vec<Stored<ChangeRecord>>, ApiError> {
    let mut rows = Vec::new();
    for id in wanted.app.open_changes.all() {
        let row = wanted
            .app
            .records
            .get::<ChangeRecord>(*id.as_bytes())
            .await?;
        rows.extend(row.filter(|row| row.seq < before && is_late(wanted, row)));
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.seq));
    Ok(rows)
}

fn is_late(wanted: &Wanted<'_>, row: &Stored<ChangeRecord>) -> bool {
    let since = wanted.since;
    since.is_none_or(|since| row.record.asked_at >= since.micros())
}

async fn shown(
    wanted: &Wanted<'_>,
    row: &Stored<ChangeRecord>,
) -> Result<Option<(u64, Request)>, ApiError> {
    if !sees(wanted.peer, &row.record.asker) {
        return Ok(None);
    }
    let request = of_change(wanted.app, row, Detail::Summary).await?;
    Ok(wanted.takes(&request).then_some((number(row), request)))
}
