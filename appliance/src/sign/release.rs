//! The way of a request that uses up people's consent.
//!
//! The same walk as any other, but for two things. It has the turn to write rows that grant power
//! while it is judged, so that what it read about the consent stays true; and the consent is
//! marked as used in the commit that reserves its limits and records it. *A crash before that
//! commit leaves the consent as it was. A crash after it has used it up: the same request with
//! the same key signs the same bytes again, and no other ever does.*

use std::sync::Arc;

use countersign_api::ErrorCode;
use countersign_audit::{Detail, Entry, EntryError, Kind as EntryKind};
use countersign_intent::{ApproverId, RequestId, intent_digest};
use countersign_store::ledger::{Judged, LedgerError};
use serde_json::json;

use super::answer::{self, Answer};
use super::stages::{Asked, Read, Release};
use super::{ATTEMPTS, WalkError, cosign, judge, outcome, read, resolve};
use crate::app::App;
use crate::approvers::Approver;
use crate::governance::{
    Ask, ConsentRecord, Digest32, GovernError, State, Use, load, tally, values,
};
use crate::journal::stamp;
use crate::records::{Draft, RecordsError, Stored};

/// Walks one request that names an approved one.
pub(super) async fn walk(app: &Arc<App>, asked: Asked) -> Result<Answer, WalkError> {
    for _ in 0..ATTEMPTS {
        let resolved = match resolve(app, asked.clone()).await? {
            Ok(resolved) => resolved,
            Err(answer) => return Ok(answer),
        };
        let read = Arc::new(read(app, resolved));
        note_cosignatures(app, &read).await;
        match attempt(app, &read).await {
            Ok(Next::Answer(answer)) => return Ok(answer),
            Ok(Next::Judged(judged)) => {
                return match *judged {
                    Judged::Recorded(recorded) => {
                        if let Some(id) = asked.approved {
                            app.holds.remove(asked.caller.principal(), id);
                        }
                        outcome::sign(app, &read, recorded).await
                    }
                    judged => Ok(answer::of_judged(&read, judged)),
                };
            }
            Err(WalkError::Records(RecordsError::Ledger(LedgerError::Stale))) => {}
            Err(error) => return Err(error),
        }
    }
    Err(WalkError::Unsettled)
}

/// Counts what people are said to have signed inside the transaction and have not.
async fn note_cosignatures(app: &App, read: &Read) {
    let asker = read.resolved.asked.caller.principal();
    match cosign::verified(read, &app.approvers.all()) {
        Some(false) => app.auto_freeze.wrong_cosignature(asker).await,
        Some(true) => app.auto_freeze.good_cosignature(asker),
        None => {}
    }
}

enum Next {
    Answer(Answer),
    Judged(Box<Judged>),
}

/// Why a release does not get as far as the ledger: nothing is remembered under its key.
struct Stop {
    code: ErrorCode,
    detail: String,
}

async fn attempt(app: &Arc<App>, read: &Arc<Read>) -> Result<Next, WalkError> {
    let asked = &read.resolved.asked;
    let Some(id) = asked.approved else {
        return Err(WalkError::Unsettled);
    };
    let mut turn = app.records.turn().await;
    let stored = app.requests.one(id).await.map_err(RecordsError::from)?;
    let ask = match &stored {
        Some(_) => load(&app.governance, id).await?,
        None => None,
    };
    let (Some(stored), Some(ask)) = (stored, ask.filter(|ask| is_own(read, ask))) else {
        let detail = format!("there is no request `{id}` of yours on this wallet that was held");
        return stop(app, read, id, ErrorCode::NotFound, detail).await;
    };
    let consent = app.records.get::<ConsentRecord>(*id.as_bytes()).await?;
    let consent = consent.unwrap_or_else(|| Stored {
        id: *id.as_bytes(),
        seq: 0,
        record: ConsentRecord::default(),
    });
    let approvers = app.approvers.all();
    let cosigned = cosign::cosigned(read, &approvers);
    let release = release_of(&ask, &consent.record, &approvers, &cosigned);
    let principal = asked.caller.principal().to_string();
    let mine = |used: &Use| used.is(&principal, &asked.key, &asked.fingerprint);
    if consent.record.used.as_ref().is_some_and(mine) {
        // Come again: the ledger answers as it did, or judges anew what was given back.
        let case = judge::case_of(app, read, Some(release), None);
        let judged = app.ledger.judge(case).await.map_err(RecordsError::from)?;
        return Ok(Next::Judged(Box::new(judged)));
    }
    let now = app.clock.now();
    let tally = tally(&ask, &consent.record, &approvers, &cosigned, now);
    if let Err(halt) = releasable(read, &ask, tally.state, &tally.missing) {
        return stop(app, read, id, halt.code, halt.detail).await;
    }
    if !tally.missing.is_empty() {
        let log_index = log(app, read, id, "approval_required", &tally.missing).await?;
        let answer = answer::still_pending(&stored, tally.missing, log_index);
        return Ok(Next::Answer(answer));
    }
    let used = Use {
        by: principal,
        key: asked.key.clone(),
        fingerprint: Digest32(asked.fingerprint),
        at: app.clock.now().micros(),
    };
    let draft = mark(consent, used)?;
    let case = |change| judge::case_of(app, read, Some(release), Some(change));
    let judged = turn.judge(vec![draft], case).await?;
    Ok(Next::Judged(Box::new(judged)))
}

/// The asker's own request on the same wallet; any other looks as if it were not there.
fn is_own(read: &Read, ask: &Ask) -> bool {
    let asked = &read.resolved.asked;
    ask.asker == *asked.caller.principal() && ask.wallet == Some(asked.wallet)
}

fn mark(mut consent: Stored<ConsentRecord>, used: Use) -> Result<Draft, RecordsError> {
    consent.record.used = Some(used);
    if consent.seq == 0 {
        Draft::new(consent.id, &consent.record)
    } else {
        Draft::update(&consent)
    }
}

fn release_of(
    ask: &Ask,
    consent: &ConsentRecord,
    approvers: &[Approver],
    cosigned: &[ApproverId],
) -> Release {
    Release {
        request: ask.id,
        asker: ask.asker.clone(),
        asked_at: ask.asked_at,
        expires_at: ask.expires_at,
        given: values(consent, approvers, ask, cosigned),
    }
}

/// What does not depend on who agreed. A request that is not understood goes on: it is refused,
/// recorded and repeated like any other.
fn releasable(read: &Read, ask: &Ask, state: State, missing: &[String]) -> Result<(), Stop> {
    let id = ask.id;
    let why = missing.join("; ");
    let (code, detail) = match state {
        State::Used => (
            ErrorCode::AlreadyDecided,
            format!("the approval of {id} was used already; ask again without it"),
        ),
        State::Rejected => (ErrorCode::AlreadyDecided, format!("{id}: {why}")),
        State::Expired => (ErrorCode::Expired, format!("{id}: {why}; ask again")),
        State::Pending | State::Approved => {
            if let Err(why) = &ask.standing {
                return Err(Stop {
                    code: ErrorCode::PolicyDenied,
                    detail: format!("{id}: {why}"),
                });
            }
            return same_intent(read, ask);
        }
    };
    Err(Stop { code, detail })
}

fn same_intent(read: &Read, ask: &Ask) -> Result<(), Stop> {
    match &read.understood {
        Ok(understood) if intent_digest(&understood.intent) != ask.digest => Err(Stop {
            code: ErrorCode::PolicyDenied,
            detail: format!(
                "this does not mean what {} asked for: only the blockhash may differ, not an \
                 amount, a destination, a fee or any other effect; ask for it anew",
                ask.id
            ),
        }),
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn stop(
    app: &App,
    read: &Read,
    id: RequestId,
    code: ErrorCode,
    detail: String,
) -> Result<Next, WalkError> {
    let log_index = log(app, read, id, code.as_str(), std::slice::from_ref(&detail)).await?;
    let answer = answer::not_released(code, id, detail, log_index);
    Ok(Next::Answer(answer))
}

async fn log(
    app: &App,
    read: &Read,
    id: RequestId,
    code: &str,
    why: &[String],
) -> Result<u64, WalkError> {
    let asked = &read.resolved.asked;
    let detail = Detail::of(&json!({ "why": why })).map_err(EntryError::from)?;
    let entry = Entry::new(
        stamp(app.clock.now()),
        EntryKind::SignDenied,
        asked.caller.actor(),
        detail,
    )
    .request(id.to_string())
    .subject(asked.wallet.to_string())
    .code(code)
    .digest(read.digest)
    .encode()?;
    Ok(app.ledger.append(entry).await?)
}

impl From<GovernError> for WalkError {
    fn from(error: GovernError) -> Self {
        match error {
            GovernError::Records(error) => Self::Records(error),
            GovernError::Ledger(error) => Self::Ledger(error),
            other => Self::Govern(Box::new(other)),
        }
    }
}
