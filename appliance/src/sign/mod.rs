//! The way of a sign request, forward only. The numbers are those of ARCHITECTURE.md.
//!
//! * Stages 1 and 2: `identity` let the caller in, `http` checked the request's form ([`Asked`]).
//! * Stage 3, [`resolve`]: the wallet; not yours and not existing look the same.
//! * Stage 4, [`read`]: bytes become an intent and the exact bytes to sign, in one pass.
//! * Stages 5 to 7, [`judge`]: the ledger replays what was decided before, or lets policy decide
//!   and makes reservation and log entry durable together. *A crash before this leaves nothing. A
//!   crash after it spends the limit and signs nothing; a retry with the same key signs the same
//!   bytes under the same reservation.*
//! * Between 7 and 8: what leaves the wallet waits until the token remembers its entry (`sequencer::cover`); where the token does not
//!   answer the grace runs, and where it is another run's nothing is signed. *A crash while it waits is the
//!   crash after stage 7.* Then what may have stopped it since is looked at again, and, where it was read
//!   from the database instead of being judged just now, its voucher. *A refusal or a crash here keeps the reservation and signs nothing: an earlier attempt
//!   may have signed.*
//! * Stages 8 and 9, [`Signers::sign`]: only what was recorded; the signature is verified before
//!   it leaves. *A crash here is the crash after stage 7.*
//! * Stage 10: the outcome is queued for the next commit, and the answer goes out. *A crash before
//!   that commit loses nothing that matters: Ed25519 signs the same bytes the same way again.*
//! * Stage 11: `sequencer` covers the entries with a signed checkpoint, later and elsewhere, but
//!   for what leaves a wallet.

mod answer;
mod cosign;
mod entry;
mod judge;
mod kept;
mod outcome;
mod release;
mod remember;
mod stages;
mod stop;
mod verify;
mod voucher;
mod worker;

use std::sync::Arc;

use countersign_audit::EntryError;
use countersign_intent::Role;
use countersign_store::ledger::{Judged, LedgerError};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::governance::GovernError;
use crate::records::RecordsError;
use crate::venue::Told;
pub use answer::{Answer, answer_of};
pub use kept::Kept;
pub use stages::{Asked, Remembered};
use stages::{Read, Resolved};
pub use verify::verifies;
pub use voucher::Vouchers;
pub use worker::{SignerThreads, Signers, StartError};

/// How often a request is judged anew because its wallet changed while it was on its way.
const ATTEMPTS: usize = 4;

/// Why there is no answer at all: nothing was decided, and the same request may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The rows that grant power.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// An entry that does not fit into the log.
    #[error("the log entry cannot be written: {0}")]
    Entry(#[from] EntryError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// What people said about it.
    #[error(transparent)]
    Govern(Box<GovernError>),
    /// The wallet changed again and again.
    #[error("the wallet or the policy changed while this was judged; send the request again")]
    Unsettled,
}

/// Walks one request.
///
/// # Errors
/// Only where nothing was decided.
pub async fn walk(app: &Arc<App>, asked: Asked) -> Result<Answer, WalkError> {
    if asked.approved.is_some() {
        return release::walk(app, asked).await;
    }
    let mut answers = walk_batch(app, vec![asked]).await;
    answers.pop().unwrap_or(Err(WalkError::Unsettled))
}

/// Walks several requests: judged in order, limits debited together, one commit, an answer each.
pub async fn walk_batch(app: &Arc<App>, asked: Vec<Asked>) -> Vec<Result<Answer, WalkError>> {
    if asked.iter().any(|asked| asked.approved.is_some()) {
        return one_by_one(app, asked).await;
    }
    let mut answers: Vec<Option<Result<Answer, WalkError>>> = Vec::new();
    answers.resize_with(asked.len(), || None);
    let mut open: Vec<(usize, Asked)> = asked.into_iter().enumerate().collect();
    for _ in 0..ATTEMPTS {
        open = round(app, open, &mut answers).await;
        if open.is_empty() {
            break;
        }
    }
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or(Err(WalkError::Unsettled)))
        .collect()
}

/// A release is a commit of its own, so a batch with one in it is walked request by request.
async fn one_by_one(app: &Arc<App>, asked: Vec<Asked>) -> Vec<Result<Answer, WalkError>> {
    let mut answers = Vec::with_capacity(asked.len());
    for asked in asked {
        answers.push(Box::pin(walk(app, asked)).await);
    }
    answers
}

/// One attempt at the requests that are open; answers those whose facts went stale meanwhile.
async fn round(
    app: &Arc<App>,
    open: Vec<(usize, Asked)>,
    answers: &mut [Option<Result<Answer, WalkError>>],
) -> Vec<(usize, Asked)> {
    let mut reads = Vec::with_capacity(open.len());
    for (place, asked) in open {
        match resolve(app, asked).await {
            Ok(Ok(resolved)) => reads.push((place, Arc::new(read(app, resolved)))),
            Ok(Err(answer)) => put(answers, place, Ok(answer)),
            Err(error) => put(answers, place, Err(error)),
        }
    }
    let cases = reads
        .iter()
        .map(|(_, read)| judge::case(app, read))
        .collect();
    let judged = match app.ledger.judge_batch(cases).await {
        Ok(judged) => judged,
        Err(error) => {
            for (place, _) in reads {
                put(answers, place, Err(error.clone().into()));
            }
            return Vec::new();
        }
    };
    let mut stale = Vec::new();
    let mut signing = Vec::new();
    for ((place, read), judged) in reads.into_iter().zip(judged) {
        match judged {
            Ok(Judged::Recorded(recorded)) => {
                signing.push(async move { (place, outcome::sign(app, &read, recorded).await) });
            }
            Ok(judged) => put(answers, place, Ok(answer::of_judged(&read, judged))),
            Err(LedgerError::Stale) => stale.push((place, read.resolved.asked.clone())),
            Err(error) => put(answers, place, Err(error.into())),
        }
    }
    for (place, answer) in futures_util::future::join_all(signing).await {
        put(answers, place, answer);
    }
    stale
}

fn put(
    answers: &mut [Option<Result<Answer, WalkError>>],
    place: usize,
    answer: Result<Answer, WalkError>,
) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = Some(answer);
    }
}

/// Stage 3. A wallet that does not exist and one that the caller may not use are answered, and
/// logged, alike.
async fn resolve(app: &App, asked: Asked) -> Result<Result<Resolved, Answer>, WalkError> {
    let principal = asked.caller.principal();
    let wallet = app.directory.resolve(asked.wallet).await?;
    let usable = wallet.filter(|wallet| match principal.role() {
        Role::Bot => wallet.grant(principal).is_some(),
        Role::Operator => asked.dry_run,
        Role::Gateway | Role::Risk | Role::Auditor => false,
    });
    match usable {
        Some(wallet) => Ok(Ok(Resolved { asked, wallet })),
        None => {
            let log_index = outcome::log_unknown_wallet(app, &asked).await?;
            Ok(Err(Answer::no_such_wallet(&asked, log_index)))
        }
    }
}

/// Stage 4.
fn read(app: &App, resolved: Resolved) -> Read {
    let body = &resolved.asked.body;
    let told = Told::now(body.venue(), &app.sources);
    let understood = body.read(&told, &resolved.wallet.address);
    let signed: &[u8] = match &understood {
        Ok(understood) => understood.input.as_bytes(),
        Err(_) => body.bytes(),
    };
    Read {
        digest: Sha256::digest(signed).into(),
        understood,
        told,
        resolved,
    }
}
