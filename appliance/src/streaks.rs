//! A bot that is denied again and again is stopped: it is broken, or somebody tries what it can
//! get.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use countersign_api::ErrorCode;
use countersign_intent::{Principal, Role};

use crate::app::App;
use crate::freezes::{self, FreezeRecord, Scope};
use crate::sign::Answer;

/// Bots counted at once: certificates bound them, and so does this.
const MOST_BOTS: usize = 4_096;

/// Denials in a row, bot by bot. Not kept over a restart: a freeze is.
#[derive(Debug)]
pub struct Streaks {
    after: u32,
    counted: AtomicUsize,
    denials: Mutex<BTreeMap<String, u32>>,
}

impl Streaks {
    /// Stops a bot after so many denials in a row; never, if none.
    #[must_use]
    pub const fn new(after: u32) -> Self {
        Self {
            after,
            counted: AtomicUsize::new(0),
            denials: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts a denial; answers the number if it completes a streak.
    #[must_use]
    pub fn denied(&self, bot: &str) -> Option<u32> {
        if self.after == 0 {
            return None;
        }
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        if denials.len() >= MOST_BOTS && !denials.contains_key(bot) {
            denials.clear();
        }
        let count = denials.entry(bot.to_owned()).or_default();
        *count += 1;
        let complete = (*count >= self.after).then_some(*count);
        if complete.is_some() {
            denials.remove(bot);
        }
        self.counted.store(denials.len(), Ordering::Release);
        complete
    }

    /// Something that was not denied ends the streak. Costs one load where there is none.
    pub fn well(&self, bot: &str) {
        if self.counted.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut denials = self.denials.lock().unwrap_or_else(PoisonError::into_inner);
        denials.remove(bot);
        self.counted.store(denials.len(), Ordering::Release);
    }
}

/// Counts an answer, and freezes the bot if it completes a streak.
pub async fn note(app: &App, asker: &Principal, answer: &Answer) {
    if asker.role() != Role::Bot {
        return;
    }
    let denied = match answer {
        Answer::Done(_) | Answer::Pending(_) => false,
        Answer::Problem(problem) => matches!(
            problem.code,
            ErrorCode::PolicyDenied | ErrorCode::LimitExceeded | ErrorCode::Undecodable
        ),
    };
    if !denied {
        app.streaks.well(asker.name());
        return;
    }
    if let Some(count) = app.streaks.denied(asker.name()) {
        let record = FreezeRecord {
            scope: Scope::Bot(asker.name().to_owned()),
            by: countersign_audit::leaf::SYSTEM.to_owned(),
            reason: Some(format!("{count} requests in a row were denied")),
            since: app.clock.now().micros(),
            lifted_at: None,
        };
        app.freezes.hold(record.clone(), false);
        metrics::counter!("countersign_freezes_total").increment(1);
        let recorded = freezes::record(app, countersign_audit::leaf::SYSTEM, &record).await;
        app.freezes.hold(record, recorded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_denials_in_a_row_of_the_same_bot_make_a_streak() {
        let streaks = Streaks::new(3);
        assert_eq!(streaks.denied("a"), None);
        assert_eq!(streaks.denied("b"), None);
        assert_eq!(streaks.denied("a"), None);
        streaks.well("a");
        assert_eq!(streaks.denied("a"), None);
        assert_eq!(streaks.denied("b"), None);
        assert_eq!(streaks.denied("b"), Some(3));
        // After a freeze was lifted, counting begins anew.
        assert_eq!(streaks.denied("b"), None);
    }

    #[test]
    fn none_is_never() {
        let streaks = Streaks::new(0);
        assert!((0..1_000).all(|_| streaks.denied("a").is_none()));
    }
}
