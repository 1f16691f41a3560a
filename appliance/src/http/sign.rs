//! The routes that sign: from the wire to the sign walk and back.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use countersign_api::{
    BatchResult, DryRunQuery, ErrorCode, SignBatch, SignBatchAnswer, SignEvm, SignSolana,
};
use countersign_intent::{RequestId, Span, Timestamp, WalletId};
use sha2::{Digest, Sha256};

use super::convert;
use super::error::ApiError;
use super::extract::{Body, IDEMPOTENCY_KEY, Peer, Query, check_key, idempotency_key};
use super::pace;
use crate::app::App;
use crate::shares::Acting;
use crate::sign::{Answer, Asked, WalkError, walk, walk_batch};
use crate::venue::{self, WrongField, evm, solana};

/// Messages of one batch at most.
const LARGEST_BATCH: usize = 64;

pub(super) async fn solana(
    State(app): State<Arc<App>>,
    peer: Peer,
    headers: HeaderMap,
    Query(query): Query<DryRunQuery>,
    Body(body): Body<SignSolana>,
) -> Result<Response, ApiError> {
    let form = Form {
        wallet: &body.wallet_id,
        approved: body.approved_request_id.as_deref(),
        body: solana::Body::try_from(&body).map(venue::Body::Solana),
    };
    single(app, peer, &headers, query.dry_run, form).await
}

pub(super) async fn evm(
    State(app): State<Arc<App>>,
    peer: Peer,
    headers: HeaderMap,
    Query(query): Query<DryRunQuery>,
    Body(body): Body<SignEvm>,
) -> Result<Response, ApiError> {
    let form = Form {
        wallet: &body.wallet_id,
        approved: body.approved_request_id.as_deref(),
        body: evm::Body::try_from(&body).map(venue::Body::Evm),
    };
    single(app, peer, &headers, query.dry_run, form).await
}

/// What every venue's route asks alike, and what is to be signed.
struct Form<'a> {
    wallet: &'a str,
    approved: Option<&'a str>,
    body: Result<venue::Body, WrongField>,
}

async fn single(
    app: Arc<App>,
    peer: Peer,
    headers: &HeaderMap,
    dry_run: bool,
    form: Form<'_>,
) -> Result<Response, ApiError> {
    let key = match idempotency_key(headers)? {
        Some(key) => key,
        None if dry_run => String::new(),
        None => return Err(missing_key(IDEMPOTENCY_KEY)),
    };
    let asked = asked(&peer, form, key, dry_run, "")?;
    let place = match turn(&app, &peer, dry_run).await {
        Ok(place) => place,
        Err(refusal) => return Ok(refusal),
    };
    let task = Arc::clone(&app);
    // A task of its own: once begun, the walk goes on whether or not the client waits.
    let walked = tokio::spawn(async move {
        let _place = place;
        let answer = walk(&task, asked).await;
        if let Ok(answer) = &answer {
            note(&task, &peer, answer).await;
        }
        answer
    })
    .await;
    Ok(respond(flatten(walked)?, app.clock.now()))
}

pub(super) async fn batch(
    State(app): State<Arc<App>>,
    peer: Peer,
    Query(query): Query<DryRunQuery>,
    Body(body): Body<SignBatch>,
) -> Result<Response, ApiError> {
    let count = body.items.len();
    if !(1..=LARGEST_BATCH).contains(&count) {
        let detail = format!("expected 1 to {LARGEST_BATCH} items, got {count}");
        return Err(ApiError::field("items", detail));
    }
    let mut keys = HashSet::new();
    let mut all = Vec::with_capacity(count);
    for (index, item) in body.items.into_iter().enumerate() {
        let prefix = format!("items[{index}].");
        check_key(&format!("{prefix}idempotency_key"), &item.idempotency_key)?;
        if !keys.insert(item.idempotency_key.clone()) {
            let detail = format!("`{}` stands twice in this batch", item.idempotency_key);
            return Err(ApiError::field(&format!("{prefix}idempotency_key"), detail));
        }
        let form = Form {
            wallet: &item.wallet_id,
            approved: item.approved_request_id.as_deref(),
            body: solana::Body::try_from(&item).map(venue::Body::Solana),
        };
        let key = item.idempotency_key.clone();
        all.push(asked(&peer, form, key, query.dry_run, &prefix)?);
    }
    let place = match turn(&app, &peer, query.dry_run).await {
        Ok(place) => place,
        Err(refusal) => return Ok(refusal),
    };
    let walked = tokio::spawn(async move {
        let _place = place;
        // The first was charged for already.
        for _ in 1..if query.dry_run { all.len() } else { 1 } {
            pace::UNSIGNED.charge_afterwards(&app, peer.principal());
        }
        let answers = walk_batch(&app, all).await;
        for answer in answers.iter().flatten() {
            note(&app, &peer, answer).await;
        }
        answers
    })
    .await
    .map_err(|_| crashed())?;
    let results = walked.into_iter().map(batch_result).collect();
    Ok(Json(SignBatchAnswer { results }).into_response())
}

/// Waits for the principal's pace of what signs nothing, and in the principal's line.
async fn turn(app: &App, peer: &Peer, dry_run: bool) -> Result<Acting, Response> {
    let who = peer.principal();
    if dry_run {
        pace::UNSIGNED.charge(app, who).await?;
    } else {
        pace::UNSIGNED.look(app, who).await?;
    }
    app.signing.enter(who).await.ok_or_else(|| {
        let detail = "too many sign requests of yours wait; send the same request again".to_owned();
        pace::again(app, "share.signing", detail, Span::from_secs(1))
    })
}

/// Counts what an answer says about who asked. A dry run was charged for before.
async fn note(app: &App, peer: &Peer, answer: &Answer) {
    if matches!(answer, Answer::Problem(_)) {
        pace::UNSIGNED.charge_afterwards(app, peer.principal());
    }
    app.auto_freeze.note_answer(peer.principal(), answer).await;
}

fn missing_key(field: &str) -> ApiError {
    ApiError::field(
        field,
        "a sign request needs an `Idempotency-Key` header: unique to the request, the same on \
         its retries",
    )
}

fn asked(
    peer: &Peer,
    form: Form<'_>,
    key: String,
    dry_run: bool,
    prefix: &str,
) -> Result<Asked, ApiError> {
    let wallet: WalletId = convert::id(&format!("{prefix}wallet_id"), form.wallet)?;
    let body = form.body.map_err(|wrong| {
        let field = format!("{prefix}{}", wrong.field);
        ApiError::field(&field, wrong.detail)
    })?;
    let field = format!("{prefix}approved_request_id");
    let approved = form.approved.map(|id| convert::id(&field, id));
    let approved: Option<RequestId> = approved.transpose()?;
    if dry_run && approved.is_some() {
        let detail = "a dry run releases nothing; leave this out";
        return Err(ApiError::field(&field, detail));
    }
    Ok(Asked {
        caller: Arc::clone(&peer.0),
        key,
        wallet,
        fingerprint: fingerprint(wallet, &body, approved),
        body,
        approved,
        dry_run,
    })
}

fn fingerprint(wallet: WalletId, body: &venue::Body, approved: Option<RequestId>) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"countersign/sign/v2\0");
    hasher.update(wallet.as_bytes());
    hasher.update([body.venue() as u8]);
    body.fingerprint(&mut hasher);
    if let Some(approved) = approved {
        hasher.update(b"approved");
        hasher.update(approved.as_bytes());
    }
    hasher.finalize().into()
}

fn flatten(
    walked: Result<Result<Answer, WalkError>, tokio::task::JoinError>,
) -> Result<Answer, ApiError> {
    Ok(walked.map_err(|_| crashed())??)
}

fn crashed() -> ApiError {
    let detail = "the request could not be finished because of a fault in the appliance; send \
                  it again with the same key, and report the log lines around this moment";
    ApiError::new(ErrorCode::NotReady, detail)
}

fn respond(answer: Answer, now: Timestamp) -> Response {
    match answer {
        Answer::Done(body) => Json(body).into_response(),
        Answer::Pending(body) => (StatusCode::ACCEPTED, Json(body)).into_response(),
        Answer::Problem(problem) => {
            let wait = problem.retry_after.as_deref();
            let wait = wait.and_then(|at| seconds_until(at, now));
            let mut response = ApiError(problem).into_response();
            if let Some(wait) = wait {
                response.headers_mut().insert(RETRY_AFTER, wait.into());
            }
            response
        }
    }
}

/// Whole seconds until then, rounded up, for clients that know the header alone.
fn seconds_until(at: &str, now: Timestamp) -> Option<u64> {
    let at = Timestamp::parse(at).ok()?;
    Some(at.since(now).micros().div_ceil(1_000_000))
}

fn batch_result(answer: Result<Answer, WalkError>) -> BatchResult {
    match answer {
        Ok(Answer::Done(body) | Answer::Pending(body)) => BatchResult::Answer(body),
        Ok(Answer::Problem(problem)) => BatchResult::Problem(problem),
        Err(error) => BatchResult::Problem(ApiError::from(error).0),
    }
}
