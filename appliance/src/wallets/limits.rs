//! The limits that a wallet carries by itself.

use std::fmt;

use countersign_intent::{KnownAsset, Venue};
use countersign_policy::{Limit, MAX_WALLET_LIMITS, WrittenLimit, tightens};
use serde::{Deserialize, Serialize};

/// Before the names of a risk manager's limits, so that none shares its sum with a user's.
const MANAGED: &str = "managed.";

/// What a risk manager's limit is called among all of a wallet.
#[must_use]
pub fn managed_name(name: &str) -> String {
    format!("{MANAGED}{name}")
}

/// A limit as recorded, in the words of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitRecord {
    /// Unique in the wallet.
    pub name: String,
    /// The action it counts, or `any`.
    pub action: String,
    /// The asset of `max_amount`.
    pub asset: Option<String>,
    /// Length of the window.
    pub window: String,
    /// Most of the asset, in its display unit.
    pub max_amount: Option<String>,
    /// Most worth, in dollars.
    pub max_usd: Option<String>,
    /// Most requests.
    pub max_count: Option<u64>,
}

/// Whose limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The wallet's user.
    User,
    /// A risk manager.
    Manager,
}

/// Why limits are not taken: the field, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitsError {
    /// A field is not as it has to be.
    Field(String, String),
    /// They would loosen what there is.
    Loosens(String),
}

/// Reads limits of a wallet at this venue.
///
/// # Errors
/// The first field that is wrong; an amount of an asset that the wallet cannot hold, which would count
/// nothing.
pub fn read(limits: &[LimitRecord], owner: Owner, venue: Venue) -> Result<Vec<Limit>, LimitsError> {
    if limits.len() > MAX_WALLET_LIMITS {
        let got = limits.len();
        let why = format!("expected at most {MAX_WALLET_LIMITS} limits, got {got}");
        return Err(LimitsError::Field("limits".to_owned(), why));
    }
    let mut all: Vec<Limit> = Vec::with_capacity(limits.len());
    for (place, limit) in limits.iter().enumerate() {
        let wrong = |field: &str, why| LimitsError::Field(format!("limits[{place}].{field}"), why);
        let read = limit.read(owner);
        let read = read.map_err(|error| wrong(error.field, error.message))?;
        if limit.counts_at_another(venue) {
            let why = format!(
                "a limit in amounts of a wallet's own counts assets of another venue than `{venue}`, so it would \
                 hold nothing here; use `max_count`, or a limit of the policy",
                venue = venue.as_str()
            );
            return Err(wrong("asset", why));
        }
        if owner == Owner::User && limit.name.starts_with(MANAGED) {
            let why = format!("names that begin with `{MANAGED}` are kept for risk managers");
            return Err(wrong("name", why));
        }
        if all.iter().any(|other| other.name() == read.name()) {
            return Err(wrong("name", format!("`{}` stands twice", limit.name)));
        }
        all.push(read);
    }
    Ok(all)
}

/// Reads limits that take the place of `old` ones.
///
/// # Errors
/// As [`read`]; limits that are not certainly tighter.
pub fn replace(
    old: &[LimitRecord],
    new: &[LimitRecord],
    owner: Owner,
    venue: Venue,
) -> Result<(), LimitsError> {
    let (old, new) = (read(old, owner, venue)?, read(new, owner, venue)?);
    tightens(&old, &new).map_err(LimitsError::Loosens)
}

/// In words, e.g. `daily: withdrawal 5 SOL per 24h`.
impl fmt::Display for LimitRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ", self.name, self.action)?;
        match (&self.max_amount, &self.max_usd, self.max_count) {
            (Some(most), ..) => write!(f, "{most} {}", self.asset.as_deref().unwrap_or_default()),
            (None, Some(most), _) => write!(f, "{most} USD"),
            (None, None, most) => write!(f, "{} requests", most.unwrap_or_default()),
        }?;
        write!(f, " per {}", self.window)
    }
}

impl LimitRecord {
    fn counts_at_another(&self, venue: Venue) -> bool {
        let asset = self.asset.as_deref().filter(|_| self.max_amount.is_some());
        let known = asset.and_then(KnownAsset::by_symbol);
        known.is_some_and(|known| known.asset.venue() != venue)
    }

    fn read(&self, owner: Owner) -> Result<Limit, countersign_policy::WrittenLimitError> {
        let managed;
        let name = match owner {
            Owner::User => &self.name,
            Owner::Manager => {
                managed = managed_name(&self.name);
                &managed
            }
        };
        WrittenLimit {
            name,
            action: &self.action,
            asset: self.asset.as_deref(),
            window: &self.window,
            max_amount: self.max_amount.as_deref(),
            max_usd: self.max_usd.as_deref(),
            max_count: self.max_count,
        }
        .read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trades(name: &str, most: u64) -> LimitRecord {
        LimitRecord {
            name: name.to_owned(),
            action: "trade".to_owned(),
            asset: None,
            window: "1h".to_owned(),
            max_amount: None,
            max_usd: None,
            max_count: Some(most),
        }
    }

    #[test]
    fn users_and_managers_limits_are_apart() {
        let limits = [trades("a", 1)];
        let user = read(&limits, Owner::User, Venue::Solana).unwrap();
        let manager = read(&limits, Owner::Manager, Venue::Solana).unwrap();
        assert_ne!(user[0].id(), manager[0].id());
        let forged = read(&[trades("managed.a", 1)], Owner::User, Venue::Solana).unwrap_err();
        assert!(matches!(forged, LimitsError::Field(field, _) if field == "limits[0].name"));
    }

    #[test]
    fn a_name_stands_once_and_the_number_is_bounded() {
        let twice = read(
            &[trades("a", 1), trades("a", 2)],
            Owner::User,
            Venue::Solana,
        )
        .unwrap_err();
        assert!(matches!(twice, LimitsError::Field(field, _) if field == "limits[1].name"));
        let many: Vec<_> = (0..17).map(|n| trades(&format!("l{n}"), 1)).collect();
        assert!(read(&many, Owner::User, Venue::Solana).is_err());
    }

    #[test]
    fn an_amount_of_what_the_wallet_cannot_hold_is_refused() {
        let daily = [LimitRecord {
            asset: Some("USDC".to_owned()),
            max_amount: Some("5".to_owned()),
            max_count: None,
            ..trades("a", 1)
        }];
        for owner in [Owner::User, Owner::Manager] {
            assert!(read(&daily, owner, Venue::Solana).is_ok());
            let refused = read(&daily, owner, Venue::Evm).unwrap_err();
            assert!(matches!(refused, LimitsError::Field(field, _) if field == "limits[0].asset"));
            assert!(read(&[trades("a", 1)], owner, Venue::Evm).is_ok());
        }
    }

    #[test]
    fn only_tightening_replaces() {
        let old = [trades("a", 5)];
        assert_eq!(
            replace(&old, &[trades("a", 4)], Owner::User, Venue::Solana),
            Ok(())
        );
        let more = replace(&old, &[trades("a", 6)], Owner::User, Venue::Solana);
        assert!(matches!(more, Err(LimitsError::Loosens(_))));
    }
}
