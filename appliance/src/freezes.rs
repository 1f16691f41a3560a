//! Stopping at once. A freeze holds from the moment it is asked for, whether or not it could be
//! recorded yet.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use countersign_audit::{Actor, Kind as EntryKind};
use countersign_intent::{Principal, Role, Timestamp, UserId, Venue, WalletId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::identity::TrustDomain;
use crate::journal::Journal;
use crate::records::{Draft, Kind, Record, Records, RecordsError};

/// What a freeze covers.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
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
    /// One principal of another role, `role/name`.
    Principal(String),
}

impl Scope {
    /// One principal: each has one scope.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        match principal.role() {
            Role::Bot => Self::Bot(principal.name().to_owned()),
            Role::Gateway | Role::Risk | Role::Operator | Role::Auditor => {
                Self::Principal(principal.to_string())
            }
        }
    }

    /// Identifier of the row: one row per scope.
    #[must_use]
    pub fn row_id(&self) -> [u8; 16] {
        let digest = Sha256::digest(format!("countersign/freeze/v1\0{self:?}"));
        let mut id = [0; 16];
        id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        id
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everything => f.write_str("everything"),
            Self::Venue(slug) => write!(f, "venue {slug}"),
            Self::User(id) => write!(f, "user {id}"),
            Self::Wallet(id) => write!(f, "wallet {id}"),
            Self::Bot(name) => write!(f, "bot {name}"),
            Self::Principal(principal) => write!(f, "principal {principal}"),
        }
    }
}

/// The freeze that later ones of the same scope were put on top of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct First {
    /// Who stopped it first.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// Microseconds since the Unix epoch.
    pub since: i64,
}

/// A freeze as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreezeRecord {
    /// What is stopped.
    pub scope: Scope,
    /// Who stopped it.
    pub by: String,
    /// The certificate they came with, `crt_…`; the appliance itself has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Microseconds since the Unix epoch.
    pub since: i64,
    /// When it was lifted, microseconds since the Unix epoch.
    pub lifted_at: Option<i64>,
    /// The one that was in force first, if this is not it: who stopped it and why stays known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<First>,
}

impl FreezeRecord {
    /// This freeze, put on top of one that is in force.
    fn on(&self, stands: Option<&Self>) -> Self {
        let first = |stands: &Self| {
            let own = || First {
                by: stands.by.clone(),
                reason: stands.reason.clone(),
                since: stands.since,
            };
            stands.first.clone().unwrap_or_else(own)
        };
        Self {
            first: stands.map(first),
            ..self.clone()
        }
    }
}

impl Record for FreezeRecord {
    const KIND: Kind = Kind::Freeze;
}

/// A freeze in force.
#[derive(Debug, Clone)]
pub struct InForce {
    /// The freeze.
    pub record: FreezeRecord,
    /// Whether it is recorded.
    pub recorded: bool,
}

/// The freezes in force.
#[derive(Debug, Default)]
pub struct Freezes(ArcSwap<BTreeMap<Scope, InForce>>);

/// Whom a request would sign for.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// Whose wallet it is.
    pub user: UserId,
    /// Which wallet.
    pub wallet: WalletId,
    /// Where.
    pub venue: Venue,
}

impl Freezes {
    /// Reads every freeze in force, keeping those that are not recorded yet.
    ///
    /// # Errors
    /// As [`Records::all`].
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        for stored in records.all::<FreezeRecord>(None).await? {
            match stored.record.lifted_at {
                None => self.hold(stored.record, true),
                Some(_) => self.lift(&stored.record.scope, stored.record.since),
            }
        }
        Ok(())
    }

    /// Puts a new freeze in force, with a time of its own so that an unfreezing asked for before is of
    /// another; keeps who put the first one in force, and why. Answers the freeze as it holds.
    pub fn stop(&self, record: &FreezeRecord) -> FreezeRecord {
        let before = self.0.rcu(|current| {
            let mut next = BTreeMap::clone(current);
            let stands = current.get(&record.scope).map(|freeze| &freeze.record);
            let freeze = InForce {
                record: record.on(stands),
                recorded: false,
            };
            next.insert(record.scope.clone(), freeze);
            next
        });
        record.on(before.get(&record.scope).map(|freeze| &freeze.record))
    }

    /// Puts a freeze in force as its row has it.
    fn hold(&self, record: FreezeRecord, recorded: bool) {
        self.0.rcu(|current| {
            let mut next = BTreeMap::clone(current);
            let freeze = InForce {
                record: record.clone(),
                recorded,
            };
            next.insert(record.scope.clone(), freeze);
            next
        });
    }

    /// Notes that the freeze of a scope that was put in force at `since` is recorded.
    fn recorded(&self, scope: &Scope, since: i64) {
        self.0.rcu(|current| {
            let mut next = BTreeMap::clone(current);
            if let Some(freeze) = next.get_mut(scope)
                && freeze.record.since == since
            {
                freeze.recorded = true;
            }
            next
        });
    }

    /// Ends the freeze of a scope that was put in force at `since`; a later one stays.
    pub fn lift(&self, scope: &Scope, since: i64) {
        self.0.rcu(|current| {
            let mut next = BTreeMap::clone(current);
            let same = |freeze: &InForce| freeze.record.since == since;
            if next.get(scope).is_some_and(same) {
                next.remove(scope);
            }
            next
        });
    }

    /// The freezes in force.
    #[must_use]
    pub fn in_force(&self) -> Arc<BTreeMap<Scope, InForce>> {
        self.0.load_full()
    }

    /// Whether everything is frozen.
    #[must_use]
    pub fn everything(&self) -> bool {
        self.0.load().contains_key(&Scope::Everything)
    }

    /// The first freeze that covers a subject, in words.
    #[must_use]
    pub fn covering(&self, subject: &Subject<'_>) -> Option<String> {
        let frozen = self.0.load();
        if frozen.is_empty() {
            return None;
        }
        let scopes = [
            Scope::Everything,
            Scope::Venue(subject.venue.as_str().to_owned()),
            Scope::User(subject.user.to_string()),
            Scope::Wallet(subject.wallet.to_string()),
            Scope::of(subject.principal),
        ];
        scopes.iter().find_map(|scope| frozen.get(scope)).map(told)
    }

    /// The freeze of a principal by name, in words.
    #[must_use]
    pub fn of_principal(&self, principal: &Principal) -> Option<String> {
        let frozen = self.0.load();
        if frozen.is_empty() {
            return None;
        }
        frozen.get(&Scope::of(principal)).map(told)
    }
}

fn told(freeze: &InForce) -> String {
    let since = Timestamp::from_micros(freeze.record.since);
    let reason = freeze.record.reason.as_deref().unwrap_or("no reason given");
    let by = &freeze.record.by;
    let first = freeze
        .record
        .first
        .as_ref()
        .map_or_else(String::new, |first| {
            let since = Timestamp::from_micros(first.since);
            let reason = first.reason.as_deref().unwrap_or("no reason given");
            format!("; first by {} since {since}: {reason}", first.by)
        });
    format!(
        "frozen by {by} since {since}: {reason}{first}; an operator asks people to end it with \
         `countersign unfreeze`"
    )
}

/// Writes freezes that are in force into the records and the log.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct FreezeRecorder {
    /// The freezes in force.
    pub freezes: Arc<Freezes>,
    /// Rows that grant power.
    pub records: Arc<Records>,
    /// Log entries.
    pub journal: Journal,
    /// Where principals belong to.
    pub trust_domain: TrustDomain,
}

impl FreezeRecorder {
    /// Records a freeze that is in force, and says whether that was done. It holds either way, and
    /// is tried again by [`Self::record_waiting`].
    pub async fn record(&self, actor: Actor<'_>, freeze: &FreezeRecord) -> bool {
        match self.write(actor, freeze).await {
            Ok(()) => {
                self.freezes.recorded(&freeze.scope, freeze.since);
                true
            }
            Err(error) => {
                tracing::error!(%error, "a freeze holds but is not recorded; it is tried again");
                false
            }
        }
    }

    /// Records the freezes that could not be recorded when they were put in force.
    pub async fn record_waiting(&self) {
        for freeze in self.freezes.in_force().values() {
            if !freeze.recorded {
                let domain = &self.trust_domain;
                let spiffe_id = format!("spiffe://{domain}/{}", freeze.record.by);
                let certificate = freeze.record.certificate.as_deref();
                let actor = certificate.map_or(Actor::System, |certificate| Actor::Caller {
                    spiffe_id: &spiffe_id,
                    certificate,
                });
                self.record(actor, &freeze.record).await;
            }
        }
    }

    async fn write(&self, actor: Actor<'_>, freeze: &FreezeRecord) -> Result<(), RecordsError> {
        let id = freeze.scope.row_id();
        let draft = match self.records.get::<FreezeRecord>(id).await? {
            Some(mut stored) => {
                stored.record = freeze.clone();
                Draft::update(&stored)?
            }
            None => Draft::new(id, freeze)?,
        };
        let entry = self.journal.entry(EntryKind::Freeze, actor, None, freeze)?;
        self.records
            .commit(vec![draft], vec![entry])
            .await
            .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(principal: &Principal) -> Subject<'_> {
        Subject {
            principal,
            user: UserId::from_bytes([1; 16]),
            wallet: WalletId::from_bytes([2; 16]),
            venue: Venue::Solana,
        }
    }

    fn asked(scope: Scope, by: &str, reason: Option<&str>, since: i64) -> FreezeRecord {
        FreezeRecord {
            scope,
            by: by.to_owned(),
            certificate: None,
            reason: reason.map(str::to_owned),
            since,
            lifted_at: None,
            first: None,
        }
    }

    #[test]
    fn another_freeze_is_newer_and_hides_nothing_of_the_first() {
        let (freezes, scope) = (Freezes::default(), Scope::Bot("a".to_owned()));
        let first = asked(scope.clone(), "operator/a", Some("odd trades"), 1);
        assert_eq!(freezes.stop(&first), first);
        for since in [2, 3] {
            let held = freezes.stop(&asked(scope.clone(), "risk/r", None, since));
            let kept = held.first.as_ref().unwrap();
            let kept = (kept.by.as_str(), kept.reason.as_deref(), kept.since);
            assert_eq!(kept, ("operator/a", Some("odd trades"), 1));
            assert_eq!(freezes.in_force()[&scope].record, held);
        }
        let bot = Principal::new(Role::Bot, "a").unwrap();
        let told = freezes.covering(&subject(&bot)).unwrap();
        assert!(
            told.contains("risk/r") && told.contains("odd trades"),
            "{told}"
        );
        // An unfreezing that was asked for before is of the first one.
        freezes.lift(&scope, 1);
        assert!(freezes.in_force().contains_key(&scope));
        freezes.lift(&scope, 3);
        let again = freezes.stop(&asked(scope, "risk/r", None, 4));
        assert_eq!(again.first, None);
    }

    #[test]
    fn each_scope_stops_its_own_and_nothing_else() {
        let bot = Principal::new(Role::Bot, "a").unwrap();
        let covering = [
            Scope::Everything,
            Scope::Venue("solana".to_owned()),
            Scope::User(UserId::from_bytes([1; 16]).to_string()),
            Scope::Wallet(WalletId::from_bytes([2; 16]).to_string()),
            Scope::Bot("a".to_owned()),
        ];
        let others = [
            Scope::Venue("binance".to_owned()),
            Scope::User(UserId::from_bytes([9; 16]).to_string()),
            Scope::Wallet(WalletId::from_bytes([9; 16]).to_string()),
            Scope::Bot("b".to_owned()),
        ];
        for (scopes, stops) in [(&covering[..], true), (&others[..], false)] {
            for scope in scopes {
                let freezes = Freezes::default();
                freezes.stop(&asked(scope.clone(), "risk/r", None, 0));
                assert_eq!(
                    freezes.covering(&subject(&bot)).is_some(),
                    stops,
                    "{scope:?}"
                );
            }
        }
    }
}
