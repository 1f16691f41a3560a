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

/// How much of a list to show.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Range {
    /// Entries to show
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Start after this cursor, as the list before ended with
    #[arg(long)]
    pub cursor: Option<String>,
}

/// Fetches up to `range.limit` entries, page by page, and shows them.
///
/// # Errors
/// As [`Session::call`].
pub(crate) fn show<T: DeserializeOwned>(
    session: &mut Session,
    call: &Call,
    range: &Range,
    people: impl FnOnce(&[T], &mut Output),
) -> Outcome {
    let mut bodies = Vec::new();
    let mut values = Vec::new();
    let mut cursor = range.cursor.clone();
    let mut wanted = range.limit;
    loop {
        let page_call = call
            .clone()
            .query("limit", Some(wanted.min(PAGE)))
            .query("cursor", cursor.clone());
        let page = session.call::<Page<Value>>(&page_call)?.body;
        let came = u32::try_from(page.items.len()).unwrap_or(u32::MAX);
        wanted = wanted.saturating_sub(came);
        values.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || came == 0 || wanted == 0 {
            break;
        }
    }
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
        Some(cursor) => json!({ "items": values, "next_cursor": cursor }),
        None => json!({ "items": values }),
    };
    session.show(&whole, |out| people(&bodies, out));
    if let (Some(cursor), false) = (cursor, session.out.is_json()) {
        session
            .out
            .note(format!("there are more: continue with `--cursor {cursor}`"));
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
            cursor: None,
        }
    }

    #[test]
    fn pages_are_followed_to_the_last() {
        let double = Double::answering([
            (200, json!({"items": [1, 2], "next_cursor": "a"})),
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
        let double = Double::answering([(200, json!({"items": [1, 2], "next_cursor": "a"}))]);
        let (_, _, err) = double.run(false, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &range(2), |_, _| {})
        });
        assert_eq!(err, "there are more: continue with `--cursor a`\n");
    }

    #[test]
    fn an_empty_page_with_a_cursor_does_not_loop() {
        let double = Double::answering([(200, json!({"items": [], "next_cursor": "a"}))]);
        let (end, ..) = double.run(false, |session| {
            show::<Value>(session, &Call::get("/v1/x"), &range(2), |_, _| {})
        });
        assert!(end.is_ok());
        assert_eq!(double.calls().len(), 1);
    }
}
