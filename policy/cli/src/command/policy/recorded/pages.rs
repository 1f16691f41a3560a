//! Recorded requests, page by page, with progress on long work.

use std::io::IsTerminal;

use countersign_api::RecordedPage;
use countersign_intent::{Span, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};

use super::time;
use crate::client::Call;
use crate::failure::Failure;
use crate::session::Session;

/// Most requests the appliance puts on one page.
const PAGE: u32 = 500;

/// The pages that are still to come.
pub(crate) struct Pages {
    now: Timestamp,
    next: Option<RecordedPage>,
    /// Numbers of the last request there was at the beginning, and of the one to begin with.
    newest: u64,
    oldest: u64,
    bar: ProgressBar,
}

fn call() -> Call {
    Call::get("/v1/requests/messages").query("limit", Some(PAGE))
}

impl Pages {
    /// The first page, of requests made at most `back` before now.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub(crate) fn begin(session: &mut Session, back: Span) -> Result<Self, Failure> {
        let page: RecordedPage = session.call(&call().query("since", Some(back)))?.body;
        let oldest = page.first.unwrap_or(page.newest);
        Ok(Self {
            now: time(&page.now)?,
            newest: page.newest,
            oldest,
            bar: bar(page.newest.saturating_sub(oldest)),
            next: Some(page),
        })
    }

    /// The appliance's time at the beginning.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// The next page; `None` after the last one, or after what came since the beginning.
    ///
    /// # Errors
    /// As [`Session::call`].
    pub(crate) fn next(&mut self, session: &mut Session) -> Result<Option<RecordedPage>, Failure> {
        let Some(page) = self.next.take() else {
            return Ok(None);
        };
        if let Some(first) = page.first {
            self.bar.set_position(first.saturating_sub(self.oldest));
        }
        // Requests that come in meanwhile are left to the next backtest: this one ends.
        let more = page.first.is_some_and(|first| first <= self.newest);
        if let (Some(cursor), true) = (&page.next_cursor, more) {
            let call = call().query("cursor", Some(cursor));
            self.next = Some(session.call(&call)?.body);
        }
        Ok(Some(page))
    }

    /// Takes the progress away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Shown only to people.
fn bar(length: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(length);
    match ProgressStyle::with_template("{wide_bar} {pos}/{len} requests, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
