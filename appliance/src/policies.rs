//! Versions of the policy and the one that decides.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use countersign_intent::{Address, Asset, PolicyId};
use countersign_policy::{PolicyAsset, PolicySet};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError, Stored};

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
        let highest = versions.into_iter().max_by_key(|row| row.record.version);
        if let Some(stored) = highest {
            self.activate(&stored)?;
        }
        Ok(())
    }

    /// Lets a recorded version decide from now on.
    ///
    /// # Errors
    /// A text that cannot be parsed.
    pub fn activate(&self, stored: &Stored<PolicyRecord>) -> Result<(), PolicyError> {
        let set = countersign_policy::parse(&stored.record.text).map_err(|errors| {
            PolicyError::Invalid {
                version: stored.record.version,
                cause: errors.first().map(ToString::to_string).unwrap_or_default(),
            }
        })?;
        let mint = |asset: &PolicyAsset| match asset.asset() {
            Asset::Token(mint) => Some(mint),
            Asset::Sol => None,
        };
        let mints = set.assets().iter().filter_map(mint).collect();
        let destinations = set.destinations().iter();
        let addresses = destinations
            .flat_map(|named| named.solana().iter().copied())
            .collect();
        self.0.store(Some(Arc::new(ActivePolicy {
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
