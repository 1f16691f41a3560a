//! The registry of venues: what a platform can offer its users, and what of it this build can
//! sign for.

use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_intent::{Venue, VenueId};
use serde::{Deserialize, Serialize};

use crate::records::{Kind, Record, Records, RecordsError};

/// A credential that a venue asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthFieldRecord {
    /// Name of the field.
    pub name: String,
    /// Whether its value is a secret.
    pub secret: bool,
    /// Whether it has to be given.
    pub required: bool,
}

/// Bounds on leverage, decimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeverageRecord {
    /// Lowest.
    pub min: String,
    /// Highest.
    pub max: String,
}

/// An entry as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueRecord {
    /// Unique, and never changed.
    pub slug: String,
    /// `chain` or `exchange`.
    pub kind: String,
    /// Credentials it asks for.
    pub auth_fields: Vec<AuthFieldRecord>,
    /// What can be done there.
    pub features: Vec<String>,
    /// Bounds on leverage, where it has any.
    pub leverage: Option<LeverageRecord>,
    /// Assets by symbol, or `any`.
    pub supported_assets: Vec<String>,
    /// Environments.
    pub environments: Vec<String>,
    /// Whether its wallets sign.
    pub enabled: bool,
    /// Whether it was removed; its row stays.
    pub removed: bool,
}

impl Record for VenueRecord {
    const KIND: Kind = Kind::Venue;

    fn lookup(&self) -> Option<String> {
        Some(self.slug.clone())
    }
}

impl VenueRecord {
    /// A chain, as it is before anybody changes it.
    fn chain(venue: Venue) -> Self {
        Self {
            slug: venue.as_str().to_owned(),
            kind: "chain".to_owned(),
            auth_fields: Vec::new(),
            features: vec!["spot".to_owned(), "withdrawal".to_owned()],
            leverage: None,
            supported_assets: vec!["any".to_owned()],
            environments: vec!["mainnet".to_owned(), "testnet".to_owned()],
            enabled: true,
            removed: false,
        }
    }

    /// Every field in words, by name.
    #[must_use]
    pub fn told(&self) -> Vec<(&'static str, String)> {
        let field = |field: &AuthFieldRecord| {
            let secret = if field.secret { " secret" } else { "" };
            let optional = if field.required { "" } else { " optional" };
            format!("{}{secret}{optional}", field.name)
        };
        let fields: Vec<String> = self.auth_fields.iter().map(field).collect();
        let leverage = self.leverage.as_ref();
        let leverage = leverage.map(|bounds| format!("{} to {}", bounds.min, bounds.max));
        let enabled = if self.enabled { "yes" } else { "no" };
        vec![
            ("kind", self.kind.clone()),
            ("enabled", enabled.to_owned()),
            ("environments", listed(&self.environments)),
            ("features", listed(&self.features)),
            ("assets", listed(&self.supported_assets)),
            ("leverage", leverage.unwrap_or_else(|| "none".to_owned())),
            ("credentials", listed(&fields)),
        ]
    }
}

fn listed(words: &[String]) -> String {
    if words.is_empty() {
        return "none".to_owned();
    }
    words.join(", ")
}

/// An entry of the registry.
#[derive(Debug, Clone)]
pub struct VenueEntry {
    /// Its identifier.
    pub id: VenueId,
    /// As recorded, or as built in.
    pub record: VenueRecord,
}

/// The registry as it is now.
#[derive(Debug)]
pub struct Venues(ArcSwap<Vec<VenueEntry>>);

impl Default for Venues {
    fn default() -> Self {
        Self(ArcSwap::from_pointee(built_in()))
    }
}

/// What is there from the first start: every venue that this build can sign for.
fn built_in() -> Vec<VenueEntry> {
    let entry = |venue: &Venue| VenueEntry {
        id: built_in_id(*venue),
        record: VenueRecord::chain(*venue),
    };
    Venue::ALL.iter().map(entry).collect()
}

/// Identifier of an entry that is built in: the slug, filled up with zeros.
fn built_in_id(venue: Venue) -> VenueId {
    let mut id = [0; 16];
    let slug = venue.as_str().bytes();
    id.iter_mut().zip(slug).for_each(|(to, from)| *to = from);
    VenueId::from_bytes(id)
}

impl Venues {
    /// Reads every entry; one of a slug that is built in takes its place.
    ///
    /// # Errors
    /// As [`Records::all`].
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        let mut all = built_in();
        for stored in records.all::<VenueRecord>(None).await? {
            all.retain(|entry| entry.record.slug != stored.record.slug);
            all.push(VenueEntry {
                id: VenueId::from_bytes(stored.id),
                record: stored.record,
            });
        }
        self.0.store(Arc::new(all));
        Ok(())
    }

    /// Every entry, also those that were removed.
    #[must_use]
    pub fn all(&self) -> Arc<Vec<VenueEntry>> {
        self.0.load_full()
    }

    /// The entry of this slug, also if it was removed.
    #[must_use]
    pub fn find(&self, slug: &str) -> Option<VenueEntry> {
        let all = self.0.load();
        all.iter().find(|entry| entry.record.slug == slug).cloned()
    }

    /// Why nothing is signed for this venue; `None` if it is open.
    #[must_use]
    pub fn closed(&self, venue: Venue) -> Option<String> {
        let slug = venue.as_str();
        let all = self.0.load();
        let open = all.iter().any(|entry| {
            entry.record.slug == slug && entry.record.enabled && !entry.record.removed
        });
        (!open).then(|| {
            format!(
                "the venue `{slug}` is turned off in the registry; `countersign venues edit \
                 {slug} --enable` proposes to turn it on"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(venue: Venue, record: VenueRecord) -> Venues {
        let venues = Venues::default();
        let id = built_in_id(venue);
        venues.0.store(Arc::new(vec![VenueEntry { id, record }]));
        venues
    }

    #[test]
    fn a_venue_is_open_until_it_is_turned_off_or_removed() {
        for venue in Venue::ALL {
            assert_eq!(Venues::default().closed(*venue), None);
            let off = VenueRecord {
                enabled: false,
                ..VenueRecord::chain(*venue)
            };
            assert!(with(*venue, off).closed(*venue).is_some());
            let removed = VenueRecord {
                removed: true,
                ..VenueRecord::chain(*venue)
            };
            assert!(with(*venue, removed).closed(*venue).is_some());
        }
    }

    #[test]
    fn every_field_is_told() {
        for venue in Venue::ALL {
            let told = VenueRecord::chain(*venue).told();
            assert_eq!(told.len(), 7);
            assert!(told.contains(&("environments", "mainnet, testnet".to_owned())));
        }
    }
}
