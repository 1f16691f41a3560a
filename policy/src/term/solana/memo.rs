//! `memo`: texts that the message may write into the ledger.

use countersign_intent::solana::{self, Detail};

use crate::document::reader::Field;
use crate::rule::AnyOf;
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "memo";

/// Most bytes of a memo in a policy: more than a message has room for beside a transfer.
const LONGEST: usize = 900;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Memos(AnyOf<Box<str>>);

/// The memos of which it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss<'a>(&'a [Box<str>]);

impl Sentence for Miss<'_> {
    fn sentence(&self, _: &PolicySet) -> String {
        if self.0.is_empty() {
            return "the message has a memo, and memo is \"none\"".to_owned();
        }
        let memos: Vec<String> = self.0.iter().map(|memo| format!("{memo:?}")).collect();
        let memos = memos.join(", ");
        format!("the message has a memo that is not one of memo {memos}")
    }
}

impl Term for Memos {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "[\"104:7731\"]",
        "`\"any\"`. Memos that may be in the message, word for word; `\"none\"` for no memo. *At an \
         exchange the memo says whose account is credited.* A message without one is within every list: \
         an exchange that wants one is a matter for those who approve.",
    )];

    type Miss<'a> = Miss<'a>;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.get(KEY).map_or(AnyOf::Any, |field| memos(&field)))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        self.0.includes(&inner.0)
    }
}

impl Bound for Memos {
    /// A message without a memo is within every list: adding one must never permit what was refused.
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss<'_>> {
        let AnyOf::These(listed) = &self.0 else {
            return Ok(());
        };
        let unlisted = |detail: &Detail| match detail {
            Detail::Memo { text } => !listed.iter().any(|one| **one == **text),
            _ => false,
        };
        if solana::details(permission.request.intent).any(unlisted) {
            return Err(Miss(listed));
        }
        Ok(())
    }
}

/// `"none"`, `"any"`, or a list of the memos that a message may have, as it writes them.
fn memos(field: &Field<'_>) -> AnyOf<Box<str>> {
    let none = || AnyOf::These(Vec::new());
    if field.is_text() {
        let said = field.parse(|text| match text {
            "any" => Ok(AnyOf::Any),
            "none" => Ok(none()),
            other => Err(format!(
                "expected `\"none\"`, `\"any\"` or a list of memos, got a memo alone; write \
                 `[{other:?}]`"
            )),
        });
        return said.unwrap_or_else(none);
    }
    let items = field.array().unwrap_or_default();
    AnyOf::These(items.iter().filter_map(|item| item.parse(memo)).collect())
}

fn memo(text: &str) -> Result<Box<str>, String> {
    match text {
        "any" | "none" => Err(format!(
            "`{text}` in a list of memos is a memo like any other; write `memo = \"{text}\"` for \
             what it means, or leave it out"
        )),
        text if text.len() > LONGEST => Err(format!(
            "expected at most {LONGEST} bytes of a memo, got {}",
            text.len()
        )),
        text => Ok(text.into()),
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for Memos {
    fn samples() -> Vec<crate::term::sample::Sample> {
        let values = [
            "\"none\"",
            "[\"104\"]",
            "[\"104\", \"105\"]",
            "[\"hello\"]",
            "\"any\"",
        ];
        vec![crate::term::sample::Sample::of(KEY, values)]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{beside_payment, intent};
        let memo = |text: &str| Detail::Memo {
            text: text.to_owned(),
        };
        vec![
            intent(vec![memo("hello")]),
            beside_payment(vec![memo("104")]),
            beside_payment(vec![memo("105")]),
            beside_payment(vec![memo("104"), memo("106")]),
        ]
    }
}
