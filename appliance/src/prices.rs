//! Reference prices that an operator vouches for.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_policy::{PolicySet, Price};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError};

/// A price as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRecord {
    /// Name of the asset in the policy.
    pub asset: String,
    /// Millionths of a US dollar per whole unit.
    pub micro_usd: u64,
    /// Microseconds since the Unix epoch.
    pub set_at: i64,
}

impl Record for PriceRecord {
    const KIND: Kind = Kind::Price;

    fn lookup(&self) -> Option<String> {
        Some(self.asset.clone())
    }
}

/// The prices that decisions see.
#[derive(Debug, Default)]
pub struct Prices(ArcSwap<Vec<PriceRecord>>);

impl Prices {
    /// Reads every price.
    ///
    /// # Errors
    /// As [`Records::all`].
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        let all = records.all::<PriceRecord>(None).await?;
        let prices = all.into_iter().map(|stored| stored.record).collect();
        self.0.store(Arc::new(prices));
        Ok(())
    }

    /// Every price as recorded.
    #[must_use]
    pub fn recorded(&self) -> Arc<Vec<PriceRecord>> {
        self.0.load_full()
    }

    /// The prices of assets that this policy names.
    #[must_use]
    pub fn facts(&self, policy: &PolicySet) -> Vec<Price> {
        let recorded = self.0.load();
        let named = |record: &PriceRecord| {
            let asset = policy
                .assets()
                .iter()
                .find(|asset| asset.symbol() == record.asset)?;
            Some(Price {
                asset: asset.asset(),
                micro_usd: record.micro_usd,
                taken_at: countersign_intent::Timestamp::from_micros(record.set_at),
            })
        };
        recorded.iter().filter_map(named).collect()
    }
}
