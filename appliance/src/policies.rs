//! Versions of the policy and the one that decides.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use countersign_intent::{Account, Address, PolicyId, Timestamp};
use countersign_policy::{AddedDestination, PolicyAsset, PolicySet};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::records::{CacheError, Kind, Record, Records, RecordsError, Stored};

/// A version as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyRecord {
    /// 1 for the first, counting up; the highest decides.
    pub version: u64,
    /// The `name` of the file.
    pub name: String,
    /// The whole file.
    pub text: String,
    /// Who proposed it.
    pub proposed_by: String,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
}

impl Record for PolicyRecord {
    const KIND: Kind = Kind::Policy;

    fn lookup(&self) -> Option<String> {
        Some(format!("{:020}", self.version))
    }
}

/// The version that decides.
#[derive(Debug)]
pub struct ActivePolicy {
    /// Its identifier.
    pub id: PolicyId,
    /// Its number.
    pub version: u64,
    /// When it was recorded, microseconds since the Unix epoch.
    pub created_at: i64,
    /// What it says.
    pub set: PolicySet,
    /// Mints of the assets it names: hints for the decoder, which prove themselves.
    pub mints: Vec<Address>,
    /// Addresses of its destinations, likewise.
    pub addresses: Vec<Address>,
    /// Addresses that an earlier version did not have, and since when: they cool down.
    pub added: Vec<AddedDestination>,
}

/// Why no policy decides.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The rows.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The recorded text is not valid for this version of the program.
    #[error(
        "version {version} of the policy is not valid for this program: {cause}; start the \
         program that recorded it, or propose a valid policy"
    )]
    Invalid {
        /// The version.
        version: u64,
        /// The first error in it.
        cause: String,
    },
}

impl From<PolicyError> for CacheError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Records(error) => Self::Records(error),
            PolicyError::Invalid { .. } => Self::Invalid(error.to_string()),
        }
    }
}

/// The policy that decides now; none means that everything is denied.
#[derive(Debug, Default)]
pub struct Policies(ArcSwapOption<ActivePolicy>);

impl Policies {
    /// Takes up the highest recorded version.
    ///
    /// # Errors
    /// As [`Records::all`], or a text that cannot be parsed.
    pub async fn load(&self, records: &Records) -> Result<(), PolicyError> {
        let versions = records.all::<PolicyRecord>(None).await?;
        let highest = versions.iter().max_by_key(|row| row.record.version);
        if let Some(stored) = highest {
            let mut earlier: Vec<&PolicyRecord> = versions
                .iter()
                .map(|row| &row.record)
                .filter(|record| record.version < stored.record.version)
                .collect();
            earlier.sort_by_key(|record| record.version);
            self.take_up(stored, &Known::through(&earlier))?;
        }
        Ok(())
    }

    /// Lets a recorded version decide from now on.
    ///
    /// # Errors
    /// A text that cannot be parsed.
    pub fn activate(&self, stored: &Stored<PolicyRecord>) -> Result<(), PolicyError> {
        let known = self.active().map_or_else(Known::default, |active| Known {
            first: false,
            since: Known::after(&active.set, &active.added),
        });
        self.take_up(stored, &known)
    }

    fn take_up(&self, stored: &Stored<PolicyRecord>, known: &Known) -> Result<(), PolicyError> {
        let set = countersign_policy::parse(&stored.record.text).map_err(|errors| {
            PolicyError::Invalid {
                version: stored.record.version,
                cause: errors.first().map(ToString::to_string).unwrap_or_default(),
            }
        })?;
        let mint = |one: &PolicyAsset| one.asset().mint();
        let mints = set.assets().iter().filter_map(mint).collect();
        let destinations = set.destinations().iter();
        let addresses = destinations
            .flat_map(|named| named.solana().iter().copied())
            .collect();
        let added = known.added(&set, Timestamp::from_micros(stored.record.created_at));
        self.0.store(Some(Arc::new(ActivePolicy {
            added,
            mints,
            addresses,
            id: PolicyId::from_bytes(stored.id),
            version: stored.record.version,
            created_at: stored.record.created_at,
            set,
        })));
        Ok(())
    }

    /// The policy that decides.
    #[must_use]
    pub fn active(&self) -> Option<Arc<ActivePolicy>> {
        self.0.load_full()
    }
}

/// Which addresses earlier versions had without a break, and since when; `None` for those of the
/// first version.
#[derive(Debug)]
struct Known {
    first: bool,
    since: BTreeMap<(Box<str>, Account), Option<Timestamp>>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            first: true,
            since: BTreeMap::new(),
        }
    }
}

impl Known {
    /// Follows the versions in their order. One that this program cannot read counts as one
    /// without destinations: what comes after it cools down.
    fn through(versions: &[&PolicyRecord]) -> Self {
        let mut known = Self::default();
        for version in versions {
            let since = countersign_policy::parse(&version.text).map_or_else(
                |_| BTreeMap::new(),
                |set| {
                    let added = known.added(&set, Timestamp::from_micros(version.created_at));
                    Self::after(&set, &added)
                },
            );
            known = Self {
                first: false,
                since,
            };
        }
        known
    }

    fn after(
        set: &PolicySet,
        added: &[AddedDestination],
    ) -> BTreeMap<(Box<str>, Account), Option<Timestamp>> {
        let since = |name: &str, address: &Account| {
            let mut added = added.iter();
            let found = added.find(|one| *one.destination == *name && one.address == *address);
            found.map(|one| one.added_at)
        };
        let named = set.destinations().iter();
        named
            .flat_map(|named| {
                let accounts = named.accounts();
                accounts.map(move |account| (named.name(), account))
            })
            .map(|(name, account)| ((name.into(), account), since(name, &account)))
            .collect()
    }

    /// The addresses of `set` that cool down, with when they were added.
    fn added(&self, set: &PolicySet, now: Timestamp) -> Vec<AddedDestination> {
        if self.first {
            return Vec::new();
        }
        let mut added = Vec::new();
        for named in set.destinations() {
            for account in named.accounts() {
                let key = (Box::from(named.name()), account);
                let since = self.since.get(&key).copied().unwrap_or(Some(now));
                added.extend(since.map(|added_at| AddedDestination {
                    destination: named.name().into(),
                    address: account,
                    added_at,
                }));
            }
        }
        added
    }
}

/// How a policy is named wherever people compare: hexadecimal SHA-256 of its text.
#[must_use]
pub fn policy_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(destinations: &[(&str, u8)]) -> String {
        let mut text = "schema = 1\nname = \"a\"\n".to_owned();
        for (name, address) in destinations {
            let address = Address::new([*address; 32]);
            text.push_str(&format!(
                "[destinations.{name}]\nsolana = [\"{address}\"]\n"
            ));
        }
        text
    }

    fn version(version: u64, text: &str) -> Stored<PolicyRecord> {
        let number = u8::try_from(version).unwrap();
        Stored {
            id: [number; 16],
            seq: i64::from(number),
            record: PolicyRecord {
                version,
                name: "a".to_owned(),
                text: text.to_owned(),
                proposed_by: "operator/a".to_owned(),
                created_at: i64::from(number) * 1_000,
            },
        }
    }

    fn added(versions: &[Stored<PolicyRecord>]) -> Vec<(String, i64)> {
        let policies = Policies::default();
        for version in versions {
            policies.activate(version).unwrap();
        }
        let one_by_one = policies.active().unwrap().added.clone();
        let (last, earlier) = versions.split_last().unwrap();
        let earlier: Vec<&PolicyRecord> = earlier.iter().map(|row| &row.record).collect();
        policies.take_up(last, &Known::through(&earlier)).unwrap();
        // A restart tells the same.
        assert_eq!(policies.active().unwrap().added, one_by_one);
        let told = |one: &AddedDestination| (one.destination.to_string(), one.added_at.micros());
        one_by_one.iter().map(told).collect()
    }

    #[test]
    fn an_address_cools_down_from_the_version_that_brought_it() {
        let first = version(1, &text(&[("cold", 1)]));
        assert_eq!(added(std::slice::from_ref(&first)), []);
        let second = version(2, &text(&[("cold", 1), ("warm", 2)]));
        let third = version(3, &text(&[("cold", 1), ("warm", 2), ("hot", 3)]));
        let so_far = [first, second, third];
        assert_eq!(
            added(&so_far),
            [("hot".to_owned(), 3_000), ("warm".to_owned(), 2_000)]
        );
    }

    #[test]
    fn what_was_taken_out_cools_down_anew_and_so_does_a_new_name() {
        let versions = [
            version(1, &text(&[("cold", 1)])),
            version(2, &text(&[])),
            version(3, &text(&[("cold", 1)])),
            version(4, &text(&[("cold", 1), ("other", 1)])),
        ];
        assert_eq!(
            added(&versions),
            [("cold".to_owned(), 3_000), ("other".to_owned(), 4_000)]
        );
    }
}
