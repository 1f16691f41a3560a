//! The active policy with one list changed, comments and order kept, and proposed as any other.

use std::path::Path;

use countersign_api::{Policy, ProposePolicy};
use countersign_policy::parse;
use toml_edit::{Array, DocumentMut, Item};

use super::{diff, file, propose};
use crate::change;
use crate::client::Call;
use crate::failure::{Failure, Outcome};
use crate::idempotency::Idempotency;
use crate::session::Session;

/// A list of strings in a policy, e.g. `solana` of `[destinations.cold]`.
pub(crate) struct List<'a> {
    /// `destinations` or `groups`
    pub section: &'static str,
    /// Which of them.
    pub name: &'a str,
    /// Key of the list.
    pub key: &'static str,
}

impl List<'_> {
    /// The policy text with `value` at the end of the list.
    ///
    /// # Errors
    /// There is no such list, or it has the value.
    pub(crate) fn add(&self, text: &str, value: &str) -> Result<String, Failure> {
        self.changed(text, |list| {
            if position(list, value).is_some() {
                return Err(format!("has `{value}` already"));
            }
            list.push(value);
            Ok(())
        })
    }

    /// The policy text without `value` in the list.
    ///
    /// # Errors
    /// There is no such list, or it has no such value.
    pub(crate) fn remove(&self, text: &str, value: &str) -> Result<String, Failure> {
        self.changed(text, |list| {
            let at = position(list, value).ok_or_else(|| format!("has no `{value}`"))?;
            list.remove(at);
            Ok(())
        })
    }

    fn changed(
        &self,
        text: &str,
        change: impl FnOnce(&mut Array) -> Result<(), String>,
    ) -> Result<String, Failure> {
        let Self { section, name, key } = self;
        let mut document: DocumentMut = text
            .parse()
            .map_err(|_| Failure::unreachable("the active policy is not understood"))?;
        let list = document
            .get_mut(section)
            .and_then(|all| all.get_mut(name))
            .and_then(|one| one.get_mut(key))
            .and_then(Item::as_array_mut)
            .ok_or_else(|| {
                Failure::usage(format!(
                    "the active policy has no list `{key}` in `[{section}.{name}]`; add it to the \
                     file that `countersign policy show` prints, and propose that"
                ))
            })?;
        change(list)
            .map_err(|why| Failure::usage(format!("`{key}` of `[{section}.{name}]` {why}")))?;
        Ok(document.to_string())
    }
}

fn position(list: &Array, value: &str) -> Option<usize> {
    list.iter().position(|one| one.as_str() == Some(value))
}

/// Changes the text of the active policy, shows what that means, and proposes it.
///
/// # Errors
/// As `change`, as [`Session::call`], or a policy that is none any more.
pub(crate) fn propose(
    session: &mut Session,
    dry_run: bool,
    idempotency: &Idempotency,
    change: impl FnOnce(&str) -> Result<String, Failure>,
) -> Outcome {
    let active: Policy = session.call(&Call::get("/v1/policies/active"))?.body;
    let text = change(&active.text)?;
    let shown = Path::new("the changed policy");
    let old = parse(&active.text).map_err(|errors| file::wrong(shown, &errors))?;
    let new = parse(&text).map_err(|errors| file::wrong(shown, &errors))?;
    let compared = diff::compared(&old, &new);
    if !session.out.is_json() {
        compared.show(&mut session.out);
    }
    let body = ProposePolicy { text };
    let call = Call::post("/v1/policies").json(&body)?;
    if dry_run {
        return change::preview(session, &call);
    }
    propose::ask(session, &call.keyed(idempotency.key()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "\
schema = 1 # kept
[destinations.cold]
solana = [\"a\"] # the vault
cooldown = \"24h\"
";

    const LIST: List<'_> = List {
        section: "destinations",
        name: "cold",
        key: "solana",
    };

    #[test]
    fn a_value_comes_and_goes_and_the_rest_stays() {
        let more = LIST.add(POLICY, "b").unwrap();
        assert_eq!(more, POLICY.replace("[\"a\"]", "[\"a\", \"b\"]"));
        assert_eq!(LIST.remove(&more, "b").unwrap(), POLICY);
    }

    #[test]
    fn what_is_there_or_is_not_is_told() {
        let twice = LIST.add(POLICY, "a").unwrap_err();
        assert!(twice.lines[0].contains("has `a` already"), "{twice:?}");
        let none = LIST.remove(POLICY, "b").unwrap_err();
        assert!(none.lines[0].contains("has no `b`"), "{none:?}");
        let hot = List {
            name: "hot",
            ..LIST
        };
        let missing = hot.add(POLICY, "a").unwrap_err();
        assert!(
            missing.lines[0].contains("[destinations.hot]"),
            "{missing:?}"
        );
    }
}
