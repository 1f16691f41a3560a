//! Dry runs: what a call would do, found out by doing it up to where something would be kept.
//!
//! A rehearsed call takes the very way of the real one, so it meets the same checks and the same
//! errors. What writes asks here first, and is stopped: rows that grant power in
//! [`WriteGuard::commit`](crate::records::WriteGuard::commit), and whatever has an effect outside of them (a key
//! on the token, a certificate, what holds before it is recorded) by [`stop`] in front of it.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_audit::Entry;
use serde_json::Value;

use crate::records::RecordsError;

tokio::task_local! {
    static REHEARSAL: Rehearsal;
}

/// An entry that the log would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// What would be done.
    pub kind: String,
    /// To what.
    pub subject: Option<String>,
    /// The details, as far as they are known beforehand.
    pub detail: Value,
}

/// What a call would have brought about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It would be done at once.
    Done(Vec<Planned>),
    /// People would be asked: the answer without what only a recorded request has.
    Asked(Value),
}

/// A call that is tried and not made.
#[derive(Debug, Clone, Default)]
pub struct Rehearsal(Arc<Mutex<Option<Plan>>>);

impl Rehearsal {
    /// Runs a call; whatever it does on this task is rehearsed.
    pub async fn of<T>(&self, call: impl Future<Output = T>) -> T {
        REHEARSAL.scope(self.clone(), call).await
    }

    /// What it would have brought about; `None` if it did not get there.
    #[must_use]
    pub fn plan(&self) -> Option<Plan> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The first step that would be kept is what would happen: nothing comes after it.
    fn reached(&self, plan: Plan) {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        place.get_or_insert(plan);
    }
}

/// Whether what runs now is tried and not made.
#[must_use]
pub fn is_on() -> bool {
    REHEARSAL.try_with(|_| ()).is_ok()
}

/// Ends a rehearsed call here, with the log entries it would have written. Does nothing in a real
/// one.
///
/// # Errors
/// [`RecordsError::Rehearsed`] in a rehearsed call.
pub fn stop(entries: &[Vec<u8>]) -> Result<(), RecordsError> {
    let planned = || entries.iter().filter_map(|entry| planned(entry)).collect();
    let stopped = REHEARSAL.try_with(|rehearsal| rehearsal.reached(Plan::Done(planned())));
    match stopped {
        Ok(()) => Err(RecordsError::Rehearsed),
        Err(_) => Ok(()),
    }
}

/// Notes that a rehearsed call would ask people.
pub fn asks(answer: Value) {
    let _not_rehearsed = REHEARSAL.try_with(|rehearsal| rehearsal.reached(Plan::Asked(answer)));
}

fn planned(entry: &[u8]) -> Option<Planned> {
    let entry = Entry::parse(entry).ok()?;
    Some(Planned {
        kind: entry.kind.to_string(),
        subject: entry.subject.map(|subject| subject.into_owned()),
        detail: serde_json::from_str(entry.detail.as_str()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_is_rehearsed_stops_and_the_first_step_counts() {
        assert!(!is_on());
        assert!(stop(&[]).is_ok());
        let rehearsal = Rehearsal::default();
        rehearsal
            .of(async {
                assert!(is_on());
                assert!(matches!(stop(&[]), Err(RecordsError::Rehearsed)));
                asks(Value::Null);
            })
            .await;
        assert_eq!(rehearsal.plan(), Some(Plan::Done(Vec::new())));
        assert!(!is_on());
    }
}
