//! What changed since a revision.
//!
//! A revision is how far the log has got: whatever changes a wallet or a request is an entry that
//! names it, in the commit of the change. So what changed is what the entries since then name, as it
//! is now; nothing is kept for it, and it holds over a restart.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_api::Page;
use countersign_intent::Span;

use super::convert;
use super::error::ApiError;
use super::page::Part;
use crate::app::App;

/// Longest wait for something to change.
pub(super) const LONGEST_WAIT: Span = Span::from_secs(60);

/// How often a wait looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Entries that are read at once.
const ENTRIES: u32 = 1_000;

/// Reads for one answer; the answer's revision says how far they went.
const READS: u32 = 16;

/// Digits of an identifier.
const DIGITS: usize = 32;

/// What a feed is about.
pub(super) trait Followed: Sync {
    /// An entry on the wire.
    type Shown: Send;

    /// How its identifiers begin.
    const PREFIX: &'static str;

    /// Whether entries of this kind tell of a change.
    fn concerns(kind: &str) -> bool;

    /// It as it is now; `None` if the caller does not see or want it.
    fn changed(
        &self,
        id: &str,
    ) -> impl Future<Output = Result<Option<Self::Shown>, ApiError>> + Send;
}

/// How far the log has got.
pub(super) fn revision(app: &App) -> u64 {
    app.ledger.head().borrow().size
}

/// How long to wait.
pub(super) fn wait(text: Option<&str>) -> Result<Span, ApiError> {
    let wait = text.map(|text| convert::span("wait", text)).transpose()?;
    Ok(wait.unwrap_or(Span::ZERO).min(LONGEST_WAIT))
}

/// A list waits for nothing unless it is told since when.
pub(super) fn no_wait(wait: Option<&str>) -> Result<(), ApiError> {
    match wait {
        None => Ok(()),
        Some(_) => Err(ApiError::field(
            "wait",
            "expected `after` beside it, the `revision` of an earlier answer",
        )),
    }
}

/// A question for what changed.
pub(super) struct Feed<'a> {
    app: &'a App,
    after: u64,
    wait: Span,
}

impl<'a> Feed<'a> {
    /// Reads the question.
    pub(super) fn read(
        app: &'a App,
        after: u64,
        cursor: Option<&str>,
        wait: Option<&str>,
    ) -> Result<Self, ApiError> {
        if cursor.is_some() {
            let detail = "what changed comes without a cursor; leave out `cursor` or `after`";
            return Err(ApiError::field("cursor", detail));
        }
        let head = revision(app);
        if after > head {
            let detail = format!(
                "expected the `revision` of an earlier answer, at most {head}, got {after}; list \
                 everything again"
            );
            return Err(ApiError::field("after", detail));
        }
        let wait = self::wait(wait)?;
        Ok(Self { app, after, wait })
    }

    /// What changed, that of the latest entry first, and the revision to go on with. Answers once
    /// something did, or when the wait is over.
    pub(super) async fn page<F: Followed>(
        &self,
        part: Part,
        followed: &F,
    ) -> Result<Page<F::Shown>, ApiError> {
        let until = self.app.clock.monotonic() + Duration::from_micros(self.wait.micros());
        let mut at = self.after;
        loop {
            let named = Named::read::<F>(self.app, at, part.limit()).await?;
            at = named.through;
            let mut items = Vec::new();
            for id in named.ids.iter().rev() {
                items.extend(followed.changed(id).await?);
            }
            if !items.is_empty() || self.app.clock.monotonic() >= until {
                return Ok(Page::new(items, None).at(at));
            }
            if at == revision(self.app) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
    }
}

/// What entries of the log name.
struct Named {
    /// Each once, in the order they were named last.
    ids: Vec<String>,
    /// The revision up to which entries were read.
    through: u64,
}

impl Named {
    /// Reads entries from `after` on, until they name `most` or so many were read.
    async fn read<F: Followed>(app: &App, after: u64, most: u32) -> Result<Self, ApiError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut ids, mut through) = (Vec::new(), after);
        for _ in 0..READS {
            let rows = app.db.entries(through, ENTRIES).await?;
            for row in &rows {
                let entry = String::from_utf8_lossy(&row.entry);
                let named = named::<F>(&entry);
                let new = named.iter().filter(|id| !ids.contains(*id)).count();
                if ids.len() + new > most && !ids.is_empty() {
                    return Ok(Self { ids, through });
                }
                ids.retain(|id| !named.contains(id));
                ids.extend(named);
                through = row.index + 1;
            }
            if rows.len() < ENTRIES as usize {
                break;
            }
        }
        Ok(Self { ids, through })
    }
}

/// The identifiers that an entry names, if it is of a kind that tells of a change.
fn named<F: Followed>(entry: &str) -> BTreeSet<String> {
    let kind = entry
        .split_once("\"kind\":\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    if !kind.is_some_and(|(kind, _)| F::concerns(kind)) {
        return BTreeSet::new();
    }
    let after = entry.split(F::PREFIX).skip(1);
    after
        .filter_map(|rest| rest.get(..DIGITS))
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .map(|digits| format!("{}{digits}", F::PREFIX))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Wallets;

    impl Followed for Wallets {
        type Shown = ();

        const PREFIX: &'static str = "wal_";

        fn concerns(kind: &str) -> bool {
            kind == "wallet_changed"
        }

        async fn changed(&self, _: &str) -> Result<Option<()>, ApiError> {
            Ok(None)
        }
    }

    #[test]
    fn entries_name_what_changed() {
        let (one, two) = (
            "wal_00112233445566778899aabbccddeeff",
            "wal_ffeeddccbbaa99887766554433221100",
        );
        let entry = |kind: &str| {
            format!(
                r#"{{"v":1,"kind":"{kind}","subject":"{one}","detail":{{"a":"{two}","b":"wal_x"}}}}"#
            )
        };
        let found: Vec<String> = named::<Wallets>(&entry("wallet_changed"))
            .into_iter()
            .collect();
        assert_eq!(found, [one, two]);
        assert!(named::<Wallets>(&entry("sign_reserved")).is_empty());
        assert!(named::<Wallets>("").is_empty());
    }
}
