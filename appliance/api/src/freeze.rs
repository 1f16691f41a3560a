//! Stopping at once.

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// What a freeze covers: `"everything"`, or one thing by its kind, `{"wallet": "wal_…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FreezeScope {
    /// Everything.
    Everything,
    /// One venue, by slug.
    Venue(String),
    /// One user, `usr_…`.
    User(String),
    /// One wallet, `wal_…`.
    Wallet(String),
    /// One bot, by name.
    Bot(String),
    /// One principal of any role, `role/name`: what it may do is read, freeze and hand in.
    Principal(String),
}

const KINDS: &[&str] = &["everything", "venue", "user", "wallet", "bot", "principal"];

impl FreezeScope {
    fn of<E: de::Error>(kind: &str, which: Option<String>) -> Result<Self, E> {
        let named = which.is_some();
        let which = which.unwrap_or_default();
        match kind {
            "everything" if named => Err(E::custom("`everything` takes no name")),
            "everything" => Ok(Self::Everything),
            "venue" => Ok(Self::Venue(which)),
            "user" => Ok(Self::User(which)),
            "wallet" => Ok(Self::Wallet(which)),
            "bot" => Ok(Self::Bot(which)),
            "principal" => Ok(Self::Principal(which)),
            other => Err(E::unknown_variant(other, KINDS)),
        }
    }
}

impl<'de> Deserialize<'de> for FreezeScope {
    /// Takes `{"wallet": "wal_…"}`, and `"wallet"` alone: which one then stands in the `id` beside
    /// it, and is empty here.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScopeVisitor)
    }
}

struct ScopeVisitor;

impl<'de> Visitor<'de> for ScopeVisitor {
    type Value = FreezeScope;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(
            "`everything`, `venue`, `user`, `wallet`, `bot` or `principal`, all but the first with a name",
        )
    }

    fn visit_str<E: de::Error>(self, kind: &str) -> Result<FreezeScope, E> {
        FreezeScope::of(kind, None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FreezeScope, A::Error> {
        let missing = || de::Error::invalid_length(0, &self);
        let (kind, which) = map.next_entry::<String, String>()?.ok_or_else(missing)?;
        if map.next_key::<String>()?.is_some() {
            return Err(de::Error::invalid_length(2, &self));
        }
        FreezeScope::of(&kind, Some(which))
    }
}

/// Body of `POST /v1/freeze`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// What to stop: `"everything"`, `{"venue": "solana"}`, `{"user": "usr_…"}`,
    /// `{"wallet": "wal_…"}`, `{"bot": "momentum-7"}` or `{"principal": "gateway/g"}`; or the kind alone, with `id`.
    pub scope: FreezeScope,
    /// Which one, where `scope` is a kind alone: a venue's slug, `usr_…`, `wal_…`, a bot's name or `role/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "venue",
        alias = "user_id",
        alias = "wallet_id",
        alias = "bot",
        alias = "principal"
    )]
    pub id: Option<String>,
    /// Why, for the log; at most 256 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A freeze in force.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FreezeState {
    /// What is stopped.
    pub scope: FreezeScope,
    /// Who stopped it.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339 UTC.
    pub since: String,
    /// False while the record of it could not be written; it holds all the same.
    pub recorded: bool,
    /// The freeze that was in force first, where this one was put on top of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<FirstFreeze>,
    /// In the answer to a freeze: that nothing here has that name, or that nobody can ever lift it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// The freeze that later ones of the same scope were put on top of.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FirstFreeze {
    /// Who stopped it.
    pub by: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// RFC 3339 UTC.
    pub since: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(scope: &str) -> Result<FreezeScope, String> {
        serde_json::from_str(scope).map_err(|error| error.to_string())
    }

    #[test]
    fn a_scope_is_a_kind_or_a_kind_with_a_name() {
        let wallet = FreezeScope::Wallet("wal_1".to_owned());
        assert_eq!(read(r#""everything""#), Ok(FreezeScope::Everything));
        assert_eq!(read(r#"{"wallet":"wal_1"}"#), Ok(wallet.clone()));
        assert_eq!(read(r#""wallet""#), Ok(FreezeScope::Wallet(String::new())));
        assert_eq!(
            serde_json::to_string(&wallet).unwrap(),
            r#"{"wallet":"wal_1"}"#
        );
    }

    #[test]
    fn no_scope_is_none_and_two_are_none() {
        for scope in [
            r#""nothing""#,
            r#"{"planet":"x"}"#,
            "{}",
            r#"{"wallet":"a","bot":"b"}"#,
            r#"{"wallet":1}"#,
            r#"{"everything":"x"}"#,
            "null",
            "1",
        ] {
            assert!(read(scope).is_err(), "{scope}");
        }
    }
}
