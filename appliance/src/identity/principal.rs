//! The SPIFFE id in a client certificate, `spiffe://<trust-domain>/<role>/<name>`.
//!
//! A subset of the SPIFFE-ID standard (§2): exactly two path segments, no percent-encoding.

use std::fmt;
use std::str::FromStr;

use countersign_intent::{NameError, Principal};

/// A trust domain: 1 to 255 characters out of `a-z 0-9 . -`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TrustDomain(Box<str>);

/// Text that is not a SPIFFE id of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpiffeIdError {
    /// Not `spiffe://` and two path segments.
    #[error("expected `spiffe://<trust-domain>/<role>/<name>`, got `{0}`")]
    Shape(String),
    /// A trust domain with other characters, empty or too long.
    #[error("expected a trust domain of 1 to 255 characters out of a-z 0-9 . -, got `{0}`")]
    TrustDomain(String),
    /// A role or a name that is none.
    #[error(transparent)]
    Principal(#[from] NameError),
}

/// A principal within its trust domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpiffeId {
    /// Who vouches for the principal.
    pub trust_domain: TrustDomain,
    /// The role and the name.
    pub principal: Principal,
}

/// What of a refused text is shown again.
fn shown(text: &str) -> String {
    text.chars().take(128).collect()
}

impl TrustDomain {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TrustDomain {
    type Err = SpiffeIdError;

    fn from_str(text: &str) -> Result<Self, SpiffeIdError> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        if text.is_empty() || text.len() > 255 || !text.bytes().all(allowed) {
            return Err(SpiffeIdError::TrustDomain(shown(text)));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SpiffeId {
    type Err = SpiffeIdError;

    fn from_str(text: &str) -> Result<Self, SpiffeIdError> {
        let (trust_domain, path) = text
            .strip_prefix("spiffe://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| SpiffeIdError::Shape(shown(text)))?;
        if path.matches('/').count() != 1 {
            return Err(SpiffeIdError::Shape(shown(text)));
        }
        Ok(Self {
            trust_domain: trust_domain.parse()?,
            principal: path.parse()?,
        })
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spiffe://{}/{}", self.trust_domain, self.principal)
    }
}

#[cfg(test)]
mod tests {
    use countersign_intent::Role;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_well_formed_id_is_read() {
        let id: SpiffeId = "spiffe://desk-a.example/bot/Momentum_7.b".parse().unwrap();
        assert_eq!(id.trust_domain.as_str(), "desk-a.example");
        assert_eq!(id.principal.role(), Role::Bot);
        assert_eq!(id.principal.name(), "Momentum_7.b");
    }

    #[test]
    fn malformed_ids_are_refused() {
        let long_name = format!("spiffe://desk/bot/{}", "a".repeat(65));
        let long_domain = format!("spiffe://{}/bot/a", "a".repeat(256));
        for text in [
            "",
            "spiffe://",
            "spiffe://desk",
            "spiffe://desk/",
            "spiffe://desk/bot",
            "spiffe://desk/bot/",
            "spiffe:///bot/a",
            "spiffe://desk//a",
            "spiffe://desk/bot/a/",
            "spiffe://desk/bot/a/b",
            "spiffe://desk/bot//a",
            "spiffe://desk/root/a",
            "spiffe://desk/Bot/a",
            "spiffe://Desk/bot/a",
            "spiffe://desk:8443/bot/a",
            "spiffe://user@desk/bot/a",
            "spiffe://desk_a/bot/a",
            "spiffe://desk/bot/a?x=1",
            "spiffe://desk/bot/a#x",
            "spiffe://desk/bot/%61",
            "spiffe://desk/bot/a b",
            "spiffe://desk/bot/a\0",
            "spiffe://desk/bot/ä",
            " spiffe://desk/bot/a",
            "spiffe://desk/bot/a\n",
            "SPIFFE://desk/bot/a",
            "https://desk/bot/a",
            &long_name,
            &long_domain,
        ] {
            assert!(text.parse::<SpiffeId>().is_err(), "`{text}` was accepted");
        }
    }

    proptest! {
        #[test]
        fn every_id_of_the_grammar_round_trips(
            text in "spiffe://[a-z0-9.-]{1,255}/(bot|gateway|risk|operator|auditor)/[A-Za-z0-9._-]{1,64}",
        ) {
            let id: SpiffeId = text.parse().unwrap();
            prop_assert_eq!(id.to_string(), text);
        }

        #[test]
        fn whatever_is_accepted_is_written_back_unchanged(
            text in "(spiffe://)?[a-zA-Z/.:_@%-]{0,12}(/(bot|gateway|Bot|x))?(/.{0,8}){0,2}",
        ) {
            if let Ok(id) = text.parse::<SpiffeId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
