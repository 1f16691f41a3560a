//! Which changes wait, and whose they are: one principal's must not keep out everybody's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_intent::{Principal, RequestId, Role, Timestamp};

use super::ConsentRecord;
use super::change::ChangeRecord;
use super::error::TooManyOpen;
use crate::clock::Clock;
use crate::records::{Records, RecordsError};

/// Changes that wait, so that each takes effect when its time lock is over.
#[allow(missing_debug_implementations, reason = "a clock has nothing to show")]
pub struct OpenChanges {
    clock: Arc<dyn Clock>,
    waiting: Mutex<BTreeMap<RequestId, Waiting>>,
}

/// Whose change it is, and until when it waits.
#[derive(Debug, Clone)]
struct Waiting {
    asker: String,
    expires_at: Timestamp,
}

/// Changes of all who are no operators that may wait at once, whoever they are. Operators are
/// certified by people, and each has a bound of their own.
const OF_OTHERS: usize = 1024;

impl OpenChanges {
    /// None yet; those that lapsed by this clock do not wait.
    #[must_use]
    pub const fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            waiting: Mutex::new(BTreeMap::new()),
        }
    }

    /// Reads the changes that are neither in effect, nor rejected, nor lapsed.
    ///
    /// # Errors
    /// As [`crate::records::Records::all`].
    pub async fn load(&self, records: &Records) -> Result<(), RecordsError> {
        for stored in records.all::<ChangeRecord>(None).await? {
            let consent = records.get::<ConsentRecord>(stored.id).await?;
            let over = consent.is_some_and(|consent| {
                consent.record.used.is_some() || consent.record.rejection.is_some()
            });
            if !over && stored.record.expires_at > self.clock.now().micros() {
                self.insert(RequestId::from_bytes(stored.id), &stored.record);
            }
        }
        Ok(())
    }

    /// The changes that wait.
    #[must_use]
    pub fn all(&self) -> Vec<RequestId> {
        self.lock().keys().copied().collect()
    }

    /// Those of one principal.
    pub(super) fn of(&self, asker: &str) -> Vec<RequestId> {
        let open = self.lock();
        let own = open.iter().filter(|(_, waiting)| waiting.asker == asker);
        own.map(|(id, _)| *id).collect()
    }

    /// Whether another change of this principal may wait, of whose there may be `most`.
    pub(super) fn room(&self, asker: &Principal, most: usize) -> Result<(), TooManyOpen> {
        let open = self.lock();
        let own = asker.to_string();
        let held = |most: usize, counts: &dyn Fn(&Waiting) -> bool| {
            let waiting = || open.values().filter(|waiting| counts(waiting));
            let until = waiting().map(|waiting| waiting.expires_at).min();
            match until {
                Some(until) if waiting().count() >= most => Err(TooManyOpen { most, until }),
                _ => Ok(()),
            }
        };
        held(most, &|waiting| waiting.asker == own)?;
        if asker.role() == Role::Operator {
            return Ok(());
        }
        held(OF_OTHERS, &|waiting| {
            !waiting.asker.starts_with("operator/")
        })
    }

    pub(super) fn insert(&self, id: RequestId, record: &ChangeRecord) {
        let waiting = Waiting {
            asker: record.asker.clone(),
            expires_at: Timestamp::from_micros(record.expires_at),
        };
        self.lock().insert(id, waiting);
    }

    pub(super) fn remove(&self, id: RequestId) {
        self.lock().remove(&id);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<RequestId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn none() -> OpenChanges {
        OpenChanges::new(Arc::new(SystemClock::new()))
    }

    fn waits(open: &OpenChanges, number: u32, asker: &str, until: i64) {
        let mut id = [0x80; 16];
        id[12..].copy_from_slice(&number.to_be_bytes());
        let asker = asker.to_owned();
        let expires_at = Timestamp::from_micros(until);
        let waiting = Waiting { asker, expires_at };
        open.lock().insert(RequestId::from_bytes(id), waiting);
    }

    #[test]
    fn one_principals_changes_keep_nobody_elses_out() {
        let open = none();
        let [alice, bob] = ["operator/alice", "operator/bob"].map(|one| one.parse().unwrap());
        for number in 0..64 {
            assert_eq!(open.room(&alice, 64), Ok(()));
            waits(&open, number, "operator/alice", 1_000 - i64::from(number));
        }
        let until = Timestamp::from_micros(1_000 - 63);
        assert_eq!(open.room(&alice, 64), Err(TooManyOpen { most: 64, until }));
        assert_eq!(open.room(&bob, 64), Ok(()));
    }

    /// A gateway's certificate takes one operator's word, so there may be any number of them.
    #[test]
    fn of_those_who_are_no_operators_all_together_have_a_bound() {
        let open = none();
        for number in 0..1024 {
            waits(&open, number, &format!("gateway/{number}"), 1);
        }
        assert!(open.room(&"gateway/other".parse().unwrap(), 64).is_err());
        assert_eq!(open.room(&"operator/o".parse().unwrap(), 64), Ok(()));
    }
}
