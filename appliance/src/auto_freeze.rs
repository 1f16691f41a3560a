//! What goes wrong again and again is stopped: a bot that is denied, forged agreement of people,
//! a wallet whose signatures do not verify.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_api::ErrorCode;
use countersign_audit::Actor;
use countersign_intent::{Principal, Role, WalletId};

use crate::clock::Clock;
use crate::config::Freeze;
use crate::freezes::{FreezeRecord, FreezeRecorder, Scope};
use crate::sign::Answer;

/// Bots or wallets counted at once in one kind of streak.
const MOST: usize = 4_096;

/// So many in a row of one bot or wallet. Not kept over a restart: a freeze is.
#[derive(Debug)]
struct Streak {
    after: u32,
    counted: AtomicUsize,
    counts: Mutex<BTreeMap<String, u32>>,
}

impl Streak {
    const fn new(after: u32) -> Self {
        Self {
            after,
            counted: AtomicUsize::new(0),
            counts: Mutex::new(BTreeMap::new()),
        }
    }

    /// Counts one; answers the number if it completes a streak.
    fn bad(&self, whose: &str) -> Option<u32> {
        if self.after == 0 {
            return None;
        }
        let mut counts = self.counts();
        if counts.len() >= MOST && !counts.contains_key(whose) {
            counts.clear();
        }
        let count = counts.entry(whose.to_owned()).or_default();
        *count += 1;
        let complete = (*count >= self.after).then_some(*count);
        if complete.is_some() {
            counts.remove(whose);
        }
        self.counted.store(counts.len(), Ordering::Release);
        complete
    }

    /// Ends the streak. Costs one load where there is none.
    fn well(&self, whose: impl FnOnce() -> String) {
        if self.counted.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut counts = self.counts();
        counts.remove(&whose());
        self.counted.store(counts.len(), Ordering::Release);
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that is counted.
#[derive(Debug)]
struct Streaks {
    denials: Streak,
    bad_signatures: Streak,
    unverifiable: Streak,
    /// Wallets that were frozen for their signatures and have not signed well since.
    broken: Mutex<BTreeSet<String>>,
}

impl Streaks {
    /// Stops after so many in a row; never, where that is 0.
    const fn new(after: &Freeze) -> Self {
        Self {
            denials: Streak::new(after.after_denials),
            bad_signatures: Streak::new(after.after_bad_signatures),
            unverifiable: Streak::new(after.after_unverifiable),
            broken: Mutex::new(BTreeSet::new()),
        }
    }

    /// Counts a signature of the token that does not verify, and says what to freeze, and why: the
    /// wallet, and everything once it is not the first one.
    fn unverifiable(&self, wallet: &str) -> Vec<(Scope, String)> {
        let Some(count) = self.unverifiable.bad(wallet) else {
            return Vec::new();
        };
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.insert(wallet.to_owned());
        let why = format!("{count} signatures of the HSM in a row did not verify");
        let mut stop = vec![(Scope::Wallet(wallet.to_owned()), why)];
        if broken.len() > 1 {
            let why = format!(
                "the HSM's signatures do not verify for {} wallets",
                broken.len()
            );
            stop.push((Scope::Everything, why));
        }
        stop
    }

    fn verified(&self, wallet: impl Fn() -> String) {
        self.unverifiable.well(&wallet);
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        if !broken.is_empty() {
            broken.remove(&wallet());
        }
    }
}

/// Freezes what goes wrong again and again.
#[allow(missing_debug_implementations, reason = "handles have nothing to show")]
pub struct AutoFreeze {
    streaks: Streaks,
    recorder: Arc<FreezeRecorder>,
    clock: Arc<dyn Clock>,
}

impl AutoFreeze {
    /// Freezes after so many in a row; never, where that is 0.
    #[must_use]
    pub const fn new(after: &Freeze, recorder: Arc<FreezeRecorder>, clock: Arc<dyn Clock>) -> Self {
        Self {
            streaks: Streaks::new(after),
            recorder,
            clock,
        }
    }

    /// Counts an answer, and freezes the bot if it completes a streak of denials.
    pub async fn note_answer(&self, asker: &Principal, answer: &Answer) {
        if asker.role() != Role::Bot {
            return;
        }
        if !denied(answer) {
            self.streaks.denials.well(|| asker.name().to_owned());
            return;
        }
        if let Some(count) = self.streaks.denials.bad(asker.name()) {
            let scope = Scope::Bot(asker.name().to_owned());
            let reason = format!("{count} requests in a row were denied");
            self.freeze(scope, reason).await;
        }
    }

    /// Counts an approval with a signature that is not the approver's, and freezes the wallet that
    /// it is about if it completes a streak. Whoever hands approvals in is an operator, and could
    /// freeze it anyway. A change is about no wallet: nothing is frozen for it.
    pub async fn wrong_approval(&self, wallet: Option<WalletId>) {
        let Some(wallet) = wallet else { return };
        let wallet = wallet.to_string();
        if let Some(count) = self.streaks.bad_signatures.bad(&wallet) {
            let reason = format!("{count} approvals in a row had a signature that does not verify");
            self.freeze(Scope::Wallet(wallet), reason).await;
        }
    }

    /// An approval that counts ends the streak.
    pub fn good_approval(&self, wallet: Option<WalletId>) {
        if let Some(wallet) = wallet {
            self.streaks.bad_signatures.well(|| wallet.to_string());
        }
    }

    /// Counts a transaction in which an approver's signature does not verify. The bot that sent it is
    /// frozen, and not the wallet, which others may use.
    pub async fn wrong_cosignature(&self, asker: &Principal) {
        if let Some(count) = self.streaks.bad_signatures.bad(asker.name()) {
            let reason = format!("{count} co-signatures in a row did not verify");
            self.freeze(Scope::Bot(asker.name().to_owned()), reason)
                .await;
        }
    }

    /// A co-signature that verifies ends the streak.
    pub fn good_cosignature(&self, asker: &Principal) {
        self.streaks.bad_signatures.well(|| asker.name().to_owned());
    }

    /// Counts what the token signed for a wallet; what it made wrong is never normal.
    pub async fn note_signature(&self, wallet: WalletId, verified: bool) {
        if verified {
            self.streaks.verified(|| wallet.to_string());
            return;
        }
        for (scope, reason) in self.streaks.unverifiable(&wallet.to_string()) {
            self.freeze(scope, reason).await;
        }
    }

    /// Holds at once, and is recorded as soon as that is possible.
    async fn freeze(&self, scope: Scope, reason: String) {
        tracing::error!(%scope, reason, "frozen by the appliance itself");
        let record = FreezeRecord {
            scope,
            by: Actor::System.name().to_owned(),
            certificate: None,
            reason: Some(reason),
            since: self.clock.now().micros(),
            lifted_at: None,
            first: None,
        };
        let record = self.recorder.freezes.stop(&record);
        metrics::counter!("countersign_freezes_total").increment(1);
        self.recorder.record(Actor::System, &record).await;
    }
}

fn denied(answer: &Answer) -> bool {
    match answer {
        Answer::Done(_) | Answer::Pending(_) => false,
        // A clock that is not trusted is not the bot's doing.
        Answer::Problem(problem) => {
            let clock = |reason: &countersign_api::Reason| reason.rule.as_deref() == Some("clock");
            let code = matches!(
                problem.code,
                ErrorCode::PolicyDenied | ErrorCode::LimitExceeded | ErrorCode::Undecodable
            );
            code && !problem.reasons.iter().any(clock)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streaks(after: u32) -> Streaks {
        Streaks::new(&Freeze {
            after_denials: after,
            after_bad_signatures: after,
            after_unverifiable: after,
        })
    }

    #[test]
    fn only_one_after_the_other_of_the_same_bot_makes_a_streak() {
        let streak = Streak::new(3);
        assert_eq!(streak.bad("a"), None);
        assert_eq!(streak.bad("b"), None);
        assert_eq!(streak.bad("a"), None);
        streak.well(|| "a".to_owned());
        assert_eq!(streak.bad("a"), None);
        assert_eq!(streak.bad("b"), None);
        assert_eq!(streak.bad("b"), Some(3));
        // After a freeze was lifted, counting begins anew.
        assert_eq!(streak.bad("b"), None);
    }

    #[test]
    fn none_is_never() {
        let streaks = streaks(0);
        assert!((0..1_000).all(|_| streaks.denials.bad("a").is_none()));
        assert!((0..1_000).all(|_| streaks.unverifiable("a").is_empty()));
    }

    #[test]
    fn one_wallet_is_frozen_by_itself_and_a_second_one_freezes_everything() {
        let streaks = streaks(2);
        let scopes = |wallet: &str| -> Vec<Scope> {
            let stop = streaks.unverifiable(wallet).into_iter();
            stop.map(|(scope, _)| scope).collect()
        };
        assert_eq!(scopes("a"), []);
        assert_eq!(scopes("a"), [Scope::Wallet("a".to_owned())]);
        assert_eq!(scopes("b"), []);
        assert_eq!(
            scopes("b"),
            [Scope::Wallet("b".to_owned()), Scope::Everything]
        );
        // Both sign well again, so a third one is the first of its kind.
        for wallet in ["a", "b"] {
            streaks.verified(|| wallet.to_owned());
        }
        assert_eq!(scopes("c"), []);
        assert_eq!(scopes("c"), [Scope::Wallet("c".to_owned())]);
    }
}
