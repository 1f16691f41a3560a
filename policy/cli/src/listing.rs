//! Lists that come in pages.

use countersign_api::Page;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::Call;
use crate::exit::Exit;
use crate::failure::Outcome;
use crate::output::Output;
use crate::session::Session;

/// Most entries the appliance puts on one page.
const PAGE: u32 = 500;

/// Most entries that `--all` shows: more than any list has that people read.
const MOST: u32 = 1_000_000;

/// Pages that are asked for at most, those on which nothing is wanted included.
const PAGES: u32 = 20_000;

/// How much of a list to show. Lists come newest first.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Range {
    /// Entries to show
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Show every entry
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Go on where a list ended that had more, as it told
    #[arg(long)]
    pub cursor: Option<String>,
}

/// How far back a list goes.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Since {
    /// Only what was made since then: a time like `2026-11-30T08:00:00Z`, or how long ago, like `24h`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
}

impl Range {
    const fn wanted(&self) -> u32 {
        if self.all { MOST } else { self.limit }
    }
}

/// Fetches up to `range.limit` entries, or all, page by page, and shows them.
///
/// # Errors
/// As [`Session::call`].
pub(crate) fn show<T: DeserializeOwned>(
    session: &mut Session,
    call: &Call,
    range: &Range,
    people: impl FnOnce(&[T], &mut Output),
) -> Outcome {
    let mut values = Vec::new();
    let mut cursor = range.cursor.clone();
    let mut wanted = range.wanted();
    for _ in 0..PAGES {
        let page_call = call
            .clone()
            .query("limit", Some(wanted.min(PAGE)))
            .query("cursor", cursor.clone());
        let page = session.call::<Page<Value>>(&page_call)?.body;
        let came = u32::try_from(page.items.len()).unwrap_or(u32::MAX);
        wanted = wanted.saturating_sub(came);
        values.extend(page.items);
        let before = std::mem::replace(&mut cursor, page.next);
        if cursor.is_none() || cursor == before || wanted == 0 {
            break;
        }
    }
    let mut bodies = Vec::new();
    for value in &values {
        let body = serde_json::from_value(value.clone()).map_err(|error| {
            crate::failure::Failure::unreachable(format!(
                "an entry of `{}` is not understood: {error}",
                call.path
            ))
        })?;
        bodies.push(body);
    }
    let whole = match &cursor {
        Some(cursor) => json!({ "items": values, "next": cursor, "next_cursor": cursor }),
        None => json!({ "items": values }),
    };
    session.show(&whole, |out| people(&bodies, out));
    if let (Some(cursor), false) = (cursor, session.out.is_json()) {
        session.out.note(format!(
            "there are more: continue with `--cursor {cursor}`, or show `--all`"
        ));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::tests::Double;

    fn range(limit: u32) -> Range {
        Range {
            limit,
            all: false,
            cursor: None,
        }
    }

    #[test]
    fn pages_are_followed_to_the_last() {
        let double = Double::answering([
            (200, json!({"items": [1, 2], "next": "a"})),
            (200, json!({"items": [3]})),
        ]);
        let (end, out, err) = double.run(true, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &range(100), |_, _| {})
        });
        assert_eq!(end.unwrap(), Exit::Done);
        let shown: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(shown, json!({"items": [1, 2, 3]}));
        assert_eq!(err, "");
        let calls = double.calls();
        assert_eq!(calls[0].query, [("limit", "100".to_owned())]);
        assert_eq!(
            calls[1].query,
            [("limit", "98".to_owned()), ("cursor", "a".to_owned())]
        );
    }

    #[test]
    fn what_is_left_is_told() {
        let double = Double::answering([(200, json!({"items": [1, 2], "next": "a"}))]);
        let (_, _, err) = double.run(false, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &range(2), |_, _| {})
        });
        assert_eq!(
            err,
            "there are more: continue with `--cursor a`, or show `--all`\n"
        );
    }

    #[test]
    fn an_empty_page_is_gone_past_and_a_cursor_that_stays_ends_it() {
        let empty = |next: &str| (200, json!({"items": [], "next": next}));
        let last = (200, json!({"items": [1]}));
        let double = Double::answering([empty("a"), empty("b"), last]);
        let (_, out, _) = double.run(true, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &range(2), |_, _| {})
        });
        assert_eq!(
            serde_json::from_str::<Value>(&out).unwrap(),
            json!({"items": [1]})
        );
        assert_eq!(double.calls().len(), 3);
        let double = Double::answering([empty("a"), empty("a")]);
        let (end, ..) = double.run(false, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &range(2), |_, _| {})
        });
        assert!(end.is_ok());
        assert_eq!(double.calls().len(), 2);
    }

    #[test]
    fn all_of_a_list_is_every_page() {
        let double = Double::answering([
            (200, json!({"items": [1, 2], "next": "a"})),
            (200, json!({"items": [3]})),
        ]);
        let all = Range {
            all: true,
            ..range(1)
        };
        let (_, out, _) = double.run(true, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &all, |_, _| {})
        });
        let shown: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(shown, json!({"items": [1, 2, 3]}));
        assert_eq!(double.calls()[0].query, [("limit", "500".to_owned())]);
    }
}
