//! What a walk ends with, and how it reads on the wire.

use countersign_api::{Decision, ErrorCode, Problem, SignedAnswer};
use countersign_intent::{RequestId, Signature, SigningInput, Timestamp};
use countersign_store::StoredRequest;
use countersign_store::ledger::{Judged, Outcome, Recorded};

use super::stages::{Asked, Read, Refusal, Remembered};
use super::verify::verifies;
use crate::venue::Parts;

/// An answer: 200, 202, or a problem.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Signed, or a dry run's decision.
    Done(Box<SignedAnswer>),
    /// Waits for people.
    Pending(Box<SignedAnswer>),
    /// Refused, or not signed.
    Problem(Box<Problem>),
}

impl Answer {
    pub(super) fn no_such_wallet(asked: &Asked, log_index: u64) -> Self {
        let detail = format!("there is no wallet `{}` that you may use", asked.wallet);
        let mut problem = Problem::new(ErrorCode::NotFound, detail).field("wallet_id");
        problem.log_index = Some(log_index);
        Self::Problem(Box::new(problem))
    }
}

/// The answer to a release that does not get as far as the ledger.
pub(super) fn not_released(
    code: ErrorCode,
    request: RequestId,
    detail: String,
    log_index: u64,
) -> Answer {
    let mut problem = Problem::new(code, detail);
    problem.request_id = Some(request.to_string());
    problem.log_index = Some(log_index);
    Answer::Problem(Box::new(problem))
}

/// The answer to a release whose people have not agreed yet, or whose time lock holds.
pub(super) fn still_pending(
    stored: &StoredRequest,
    missing: Vec<String>,
    log_index: u64,
) -> Answer {
    let request = &stored.request;
    let Answer::Pending(mut body) = remembered(request.id, log_index, &request.answer) else {
        return unreadable(request.id, log_index);
    };
    body.reasons = missing
        .into_iter()
        .map(|message| countersign_api::Reason {
            code: ErrorCode::PolicyDenied.as_str().to_owned(),
            rule: body.rule.clone(),
            effect: None,
            message,
            retry_after: None,
        })
        .collect();
    Answer::Pending(body)
}

/// The answer of a judged request that is not going to be signed now.
pub(super) fn of_judged(read: &Read, judged: Judged) -> Answer {
    match judged {
        Judged::Denied {
            request_id,
            log_index,
            answer,
        }
        | Judged::Pending {
            request_id,
            log_index,
            answer,
        } => remembered(request_id, log_index, &answer),
        Judged::DryRun {
            request_id,
            log_index,
            answer,
        } => dry_run(request_id, log_index, &answer),
        Judged::Replayed(stored) => replayed(read, &stored),
        Judged::Conflict { request_id } => {
            let key = &read.resolved.asked.key;
            let mut problem = Problem::new(
                ErrorCode::IdempotencyConflict,
                format!(
                    "the idempotency key `{key}` was used for {request_id} with other content; \
                     use a new key for a new request"
                ),
            );
            problem.request_id = Some(request_id.to_string());
            Answer::Problem(Box::new(problem))
        }
        // Signing is the caller's next step, not an answer.
        Judged::Recorded(recorded) => unreadable(recorded.request_id(), recorded.log_index()),
    }
}

/// The answer to what was recorded, but for the signature.
pub(super) fn unsigned(read: &Read, recorded: &Recorded) -> Unsigned {
    let (id, index) = (recorded.request_id(), recorded.log_index());
    Unsigned::of(read, id, index, recorded.answer())
}

/// The answer after a device was asked.
pub(super) fn of_outcome(unsigned: Unsigned, recorded: &Recorded, outcome: &Outcome) -> Answer {
    let (id, index) = (recorded.request_id(), recorded.log_index());
    match outcome {
        Outcome::Signed(signature) => unsigned.with(id, index, signature),
        Outcome::Refused(why) | Outcome::NotSent(why) => {
            let detail = if recorded.judged_now() {
                format!("{why}; nothing was signed and the limits are given back; send it again")
            } else {
                format!(
                    "{why}; an earlier attempt may have signed, so the limits stay used; send the \
                     same request with the same key again to get the signature"
                )
            };
            hsm_problem(id, index, detail)
        }
        Outcome::Unknown(why) => {
            let detail = format!(
                "{why}; it may have signed, so the limits stay used; send the same request with \
                 the same key again to get the signature"
            );
            hsm_problem(id, index, detail)
        }
    }
}

/// The answer where something stops what was allowed earlier.
pub(super) fn stopped(recorded: &Recorded, stop: &Refusal) -> Answer {
    let mut problem = Problem::new(stop.code, stop.message.clone());
    problem.request_id = Some(recorded.request_id().to_string());
    problem.log_index = Some(recorded.log_index());
    Answer::Problem(Box::new(problem))
}

fn hsm_problem(id: RequestId, log_index: u64, detail: String) -> Answer {
    let mut problem = Problem::new(ErrorCode::HsmUnavailable, detail);
    problem.request_id = Some(id.to_string());
    problem.log_index = Some(log_index);
    Answer::Problem(Box::new(problem))
}

fn replayed(read: &Read, stored: &StoredRequest) -> Answer {
    let (id, index) = (stored.request.id, stored.request.log_index);
    let signature = stored
        .outcome
        .as_ref()
        .and_then(|outcome| outcome.signature);
    match signature {
        Some(signature) if !is_theirs(read, &signature) => {
            metrics::counter!("countersign_tampered_rows_total").increment(1);
            tracing::error!(request = %id, "a stored signature is not the wallet's; it is not answered");
            unreadable(id, index)
        }
        Some(signature) => {
            let unsigned = Unsigned::of(read, id, index, &stored.request.answer);
            unsigned.with(id, index, &signature)
        }
        None => remembered(id, index, &stored.request.answer),
    }
}

/// All of an answer but the signature; or that what was decided cannot be read.
pub(super) struct Unsigned(Result<(Box<SignedAnswer>, Parts), Answer>);

impl Unsigned {
    fn of(read: &Read, id: RequestId, log_index: u64, answer: &[u8]) -> Self {
        let (Some((_, parts)), Some(Remembered::Allow { rule, .. })) =
            (around(read), Remembered::decode(answer))
        else {
            return Self(Err(unreadable(id, log_index)));
        };
        let answer = SignedAnswer {
            rule: Some(rule),
            address: Some(read.resolved.wallet.address.to_string()),
            ..empty(id, log_index, Decision::Allow)
        };
        Self(Ok((Box::new(answer), parts)))
    }

    fn with(self, id: RequestId, log_index: u64, signature: &Signature) -> Answer {
        match self.0 {
            Ok((mut answer, parts)) => match parts.finish(signature, &mut answer) {
                Some(()) => Answer::Done(answer),
                None => unreadable(id, log_index),
            },
            Err(unreadable) => unreadable,
        }
    }
}

/// Whether a signature that was read from the database is the wallet's over this message.
fn is_theirs(read: &Read, signature: &Signature) -> bool {
    let public = &read.resolved.wallet.key.public;
    around(read).is_some_and(|(input, _)| verifies(public, input.for_device(), signature))
}

/// What a signature is over, and what it belongs in. What was signed once is answered again, also
/// when the message is not understood any more: a policy names a mint less, a registration is gone.
fn around(read: &Read) -> Option<(SigningInput, Parts)> {
    if let Ok(understood) = &read.understood {
        return Some((understood.input.clone(), understood.parts.clone()));
    }
    let wallet = &read.resolved.wallet.address;
    read.resolved.asked.body.parts(wallet)
}

/// The answer that a stored request was given, but for the signature and its transaction.
#[must_use]
pub fn answer_of(stored: &StoredRequest) -> Answer {
    let (id, index) = (stored.request.id, stored.request.log_index);
    match Remembered::decode(&stored.request.answer) {
        Some(Remembered::Allow { rule, effects, .. }) => Answer::Done(Box::new(SignedAnswer {
            rule: Some(rule),
            effects,
            ..empty(id, index, Decision::Allow)
        })),
        _ => remembered(id, index, &stored.request.answer),
    }
}

/// What was decided before and needs no device: a denial or a wait.
fn remembered(id: RequestId, log_index: u64, answer: &[u8]) -> Answer {
    match Remembered::decode(answer) {
        Some(Remembered::Deny { code, reasons, .. }) => {
            Answer::Problem(Box::new(denial(id, log_index, code, reasons)))
        }
        Some(Remembered::Pending {
            rule,
            group,
            quorum,
            expires_at,
            effects,
            ..
        }) => Answer::Pending(Box::new(SignedAnswer {
            rule: Some(rule),
            group: Some(group),
            quorum: Some(quorum),
            expires_at: Some(Timestamp::from_micros(expires_at).to_string()),
            effects,
            detail: Some(wait(id)),
            ..empty(id, log_index, Decision::ApprovalRequired)
        })),
        Some(Remembered::Allow { .. }) | None => unreadable(id, log_index),
    }
}

/// What whoever asked does once people are asked.
fn wait(id: RequestId) -> String {
    format!(
        "nothing is signed yet: people approve it with `countersign requests approve {id}`; \
         `GET /v1/requests/{id}?wait=30s` tells when they did, then send the same intent again, under a \
         new idempotency key, with `approved_request_id` {id}"
    )
}

fn dry_run(id: RequestId, log_index: u64, answer: &[u8]) -> Answer {
    let base = |decision| empty(id, log_index, decision);
    let answer = match Remembered::decode(answer) {
        Some(Remembered::Allow { rule, effects, .. }) => SignedAnswer {
            rule: Some(rule),
            effects,
            ..base(Decision::Allow)
        },
        Some(Remembered::Deny {
            reasons, effects, ..
        }) => SignedAnswer {
            reasons,
            effects,
            ..base(Decision::Deny)
        },
        Some(Remembered::Pending {
            rule,
            group,
            quorum,
            effects,
            ..
        }) => SignedAnswer {
            rule: Some(rule),
            group: Some(group),
            quorum: Some(quorum),
            effects,
            ..base(Decision::ApprovalRequired)
        },
        None => return unreadable(id, log_index),
    };
    Answer::Done(Box::new(answer))
}

/// What to do about a denial, after its reasons.
fn next(id: RequestId, code: ErrorCode, reasons: &[countersign_api::Reason]) -> String {
    let heals = reasons.iter().all(|reason| reason.retry_after.is_some());
    match code {
        ErrorCode::LimitExceeded if heals => {
            "; send it again from `retry_after` on, under a new idempotency key".to_owned()
        }
        ErrorCode::PolicyDenied => format!(
            "; send something else, or ask an operator, to whom `countersign policy explain {id}` shows \
             what would permit it"
        ),
        _ => String::new(),
    }
}

/// A denial as a problem with every reason.
fn denial(
    id: RequestId,
    log_index: u64,
    code: ErrorCode,
    reasons: Vec<countersign_api::Reason>,
) -> Problem {
    let messages: Vec<&str> = reasons
        .iter()
        .map(|reason| reason.message.as_str())
        .collect();
    let mut problem = Problem::new(code, messages.join("; "));
    problem.request_id = Some(id.to_string());
    problem.log_index = Some(log_index);
    problem.detail.push_str(&next(id, code, &reasons));
    if code == ErrorCode::LimitExceeded {
        // Every limit has to have room again, so the latest moment counts.
        problem.retry_after = reasons
            .iter()
            .map(|reason| reason.retry_after.clone())
            .try_fold(None, |latest: Option<String>, at| {
                at.map(|at| Some(at).max(latest))
            })
            .flatten();
    }
    problem.reasons = reasons;
    problem
}

pub(super) fn unreadable(id: RequestId, log_index: u64) -> Answer {
    let detail = format!("what was decided about {id} cannot be read; run `countersignd doctor`");
    let mut problem = Problem::new(ErrorCode::NotReady, detail);
    problem.request_id = Some(id.to_string());
    problem.log_index = Some(log_index);
    Answer::Problem(Box::new(problem))
}

fn empty(id: RequestId, log_index: u64, decision: Decision) -> SignedAnswer {
    SignedAnswer {
        request_id: id.to_string(),
        decision,
        rule: None,
        signature: None,
        transaction: None,
        hash: None,
        address: None,
        log_index,
        group: None,
        quorum: None,
        expires_at: None,
        reasons: Vec::new(),
        effects: Vec::new(),
        detail: None,
    }
}
