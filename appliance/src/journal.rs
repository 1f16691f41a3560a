//! Log entries of administrative acts.

use std::sync::Arc;

use countersign_audit::{Actor, Detail, Entry, EntryError, Kind, Stamp};
use countersign_intent::Timestamp;
use serde::Serialize;

use crate::clock::Clock;

/// Makes the canonical bytes of entries, stamped now.
#[derive(Clone)]
#[allow(missing_debug_implementations, reason = "a clock has nothing to show")]
pub struct Journal {
    clock: Arc<dyn Clock>,
}

impl Journal {
    /// Stamps with this clock.
    #[must_use]
    pub const fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock }
    }

    /// The clock's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// One entry: what was done, by whom, to what, with the details as JSON.
    ///
    /// # Errors
    /// Details that do not fit into an entry.
    pub fn entry(
        &self,
        kind: Kind,
        actor: Actor<'_>,
        subject: Option<String>,
        detail: &impl Serialize,
    ) -> Result<Vec<u8>, EntryError> {
        let detail = Detail::of(detail)?;
        let mut entry = Entry::new(stamp(self.now()), kind, actor, detail);
        entry.subject = subject.map(Into::into);
        entry.encode()
    }
}

/// A timestamp as the log writes it; one that no log can hold becomes the epoch, which an
/// auditor sees as time that went back.
#[must_use]
pub fn stamp(at: Timestamp) -> Stamp {
    Stamp::from_unix_micros(at.micros()).unwrap_or(Stamp::EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn details_that_no_entry_can_hold_are_refused_not_left_out() {
        let journal = Journal::new(Arc::new(SystemClock::new()));
        let entry = |detail: serde_json::Value| {
            let subject = Some("usr_1".to_owned());
            journal.entry(Kind::UserCreated, Actor::System, subject, &detail)
        };
        let fraction = entry(serde_json::json!({ "amount": 1.5 }));
        assert!(
            matches!(fraction, Err(EntryError::Detail(_))),
            "{fraction:?}"
        );
        let list = entry(serde_json::json!(["amount"]));
        assert!(matches!(list, Err(EntryError::Detail(_))), "{list:?}");
        let long = entry(serde_json::json!({ "text": "a".repeat(70_000) }));
        assert!(matches!(long, Err(EntryError::TooLong(_))), "{long:?}");
    }
}
