//! Stages 8 to 10: signing what was recorded, and recording what became of it.

use countersign_audit::{Detail, Entry, EntryError, Kind as EntryKind, Outcome as LoggedOutcome};
use countersign_store::ledger::{Outcome, OutcomeEntry, Recorded};
use serde_json::json;
use std::sync::Arc;

use super::WalkError;
use super::answer::{self, Answer};
use super::stages::{Asked, Read, Remembered};
use super::stop;
use super::voucher::Allowed;
use crate::app::App;
use crate::journal::stamp;
use crate::sequencer;
use crate::venue::signature_text;

/// Signs the recorded bytes. The outcome is queued before the answer is given; it becomes
/// durable with a following commit.
pub(super) async fn sign(
    app: &Arc<App>,
    read: &Read,
    recorded: Recorded,
) -> Result<Answer, WalkError> {
    // Who can write the database can also end this process: what left must not be forgotten with it.
    if stop::leaves(read) {
        sequencer::cover(&app.sequencer, recorded.log_index()).await;
    }
    if let Some(answer) = not_to_be_signed(app, read, &recorded) {
        return Ok(answer);
    }
    let key = Arc::clone(&read.resolved.wallet.key);
    let attempt = app.signers.sign(&recorded, key);
    // While the device is at work.
    let unsigned = answer::unsigned(read, &recorded);
    let attempt = attempt.await;
    if let Some(verified) = attempt.verified {
        app.auto_freeze
            .note_signature(recorded.wallet(), verified)
            .await;
    }
    let outcome = attempt.outcome;
    let answer = answer::of_outcome(unsigned, &recorded, &outcome);
    count(&outcome);
    match entries(app, read, &recorded, &outcome) {
        Ok(entries) => {
            if let Err(error) = app.ledger.record_outcome(recorded, outcome, entries).await {
                // The reservation stays spent and a retry signs the same bytes again: the safe side.
                tracing::error!(%error, "an outcome could not be queued");
            }
        }
        Err(error) => tracing::error!(%error, "an outcome does not fit into a log entry"),
    }
    Ok(answer)
}

/// What was recorded may have been recorded long ago, or written into the database by somebody
/// else. The reservation stays as it is: an earlier attempt may have signed.
fn not_to_be_signed(app: &App, read: &Read, recorded: &Recorded) -> Option<Answer> {
    if !recorded.judged_now() && !is_ours(app, read, recorded) {
        metrics::counter!("countersign_tampered_rows_total").increment(1);
        let request = recorded.request_id();
        tracing::error!(%request, "a request was changed in the database; it is not signed");
        return Some(answer::unreadable(request, recorded.log_index()));
    }
    // Allowed for the key that the wallet had then: the one it has now is not asked.
    if let Err(refusal) = &read.understood {
        return Some(answer::stopped(recorded, refusal));
    }
    let stop = stop::stopped(app, read, app.clock.now())?;
    Some(answer::stopped(recorded, &stop))
}

/// Whether what the database says was allowed was allowed by this appliance.
fn is_ours(app: &App, read: &Read, recorded: &Recorded) -> bool {
    let principal = read.resolved.asked.caller.principal().to_string();
    let allowed = Allowed {
        request: recorded.request_id(),
        principal: &principal,
        wallet: recorded.wallet(),
        fingerprint: &read.resolved.asked.fingerprint,
        digest: recorded.digest(),
    };
    match Remembered::decode(recorded.answer()) {
        Some(Remembered::Allow { voucher, .. }) => app.vouchers.check(&allowed, &voucher),
        _ => false,
    }
}

fn count(outcome: &Outcome) {
    let label = logged(outcome).0.as_str();
    metrics::counter!("countersign_sign_outcomes_total", "outcome" => label).increment(1);
}

const fn logged(outcome: &Outcome) -> (LoggedOutcome, &str) {
    match outcome {
        Outcome::Signed(_) => (LoggedOutcome::Signed, ""),
        Outcome::Refused(why) => (LoggedOutcome::Refused, why.as_str()),
        Outcome::NotSent(why) => (LoggedOutcome::NotSent, why.as_str()),
        Outcome::Unknown(why) => (LoggedOutcome::Unknown, why.as_str()),
    }
}

/// The log entry of an outcome, and what it says instead where the reservation has to stay
/// because another attempt at the same request may have signed.
fn entries(
    app: &App,
    read: &Read,
    recorded: &Recorded,
    outcome: &Outcome,
) -> Result<OutcomeEntry, EntryError> {
    let (code, why) = logged(outcome);
    let entry = |code: LoggedOutcome, detail| entry(app, read, recorded, code, &detail);
    let told = match outcome {
        Outcome::Signed(signature) => {
            entry(code, json!({ "signature": signature_text(signature) }))?
        }
        _ => entry(code, json!({ "why": why }))?,
    };
    let told = OutcomeEntry::from(told);
    if !matches!(outcome, Outcome::Refused(_) | Outcome::NotSent(_)) {
        return Ok(told);
    }
    let kept = json!({ "why": why, "this_attempt": code.as_str(), "another_attempt": "unknown" });
    Ok(told.if_kept(entry(LoggedOutcome::Unknown, kept)?))
}

fn entry(
    app: &App,
    read: &Read,
    recorded: &Recorded,
    code: LoggedOutcome,
    detail: &serde_json::Value,
) -> Result<Vec<u8>, EntryError> {
    let asked = &read.resolved.asked;
    Entry::new(
        stamp(app.clock.now()),
        EntryKind::SignOutcome,
        asked.caller.actor(),
        Detail::of(detail)?,
    )
    .request(recorded.request_id().to_string())
    .subject(recorded.wallet().to_string())
    .code(code.as_str())
    .digest(*recorded.digest())
    .encode()
}

/// Logs a request for a wallet that the caller may not use.
pub(super) async fn log_unknown_wallet(app: &App, asked: &Asked) -> Result<u64, WalkError> {
    let entry = Entry::new(
        stamp(app.clock.now()),
        EntryKind::SignErrored,
        asked.caller.actor(),
        Detail::default(),
    )
    .subject(asked.wallet.to_string())
    .code("not_found")
    .encode()?;
    Ok(app.ledger.append(entry).await?)
}
