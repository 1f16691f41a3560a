use countersign_intent::{RequestId, SigningInput, Timestamp, WalletId};

use super::Recorded;
use super::attempts::{Attempts, Held};
use super::job::{Case, Judged, LedgerError};
use crate::{RequestRow, request_seq};

/// What is known about a case, to be told once the batch is durable.
pub(super) enum Ruling {
    Told(Judged),
    Sign(Signable),
}

/// An allowed request on its way to becoming a [`Recorded`].
pub(super) struct Signable {
    pub(super) request_id: RequestId,
    pub(super) log_index: u64,
    pub(super) wallet: WalletId,
    pub(super) at: Timestamp,
    pub(super) digest: [u8; 32],
    pub(super) input: SigningInput,
    pub(super) answer: Vec<u8>,
    /// What it reserved just now; `None` if it had reserved before.
    pub(super) held: Option<Vec<Held>>,
}

impl Ruling {
    /// Opens the attempt to sign, if it is one.
    pub(super) fn open(self, attempts: &mut Attempts) -> Judged {
        let signable = match self {
            Self::Told(judged) => return judged,
            Self::Sign(signable) => signable,
        };
        let seq = request_seq(signable.request_id);
        let judged_now = signable.held.is_some();
        let ticket = match signable.held {
            Some(held) => attempts.first(seq, held),
            None => attempts.again(seq),
        };
        Judged::Recorded(Recorded {
            request_id: signable.request_id,
            log_index: signable.log_index,
            wallet: signable.wallet,
            at: signable.at,
            digest: signable.digest,
            input: signable.input,
            answer: signable.answer,
            judged_now,
            ticket,
        })
    }
}

/// The same bytes under the reservation there is already.
pub(super) fn sign_again(case: Case, request: &RequestRow) -> Result<Ruling, LedgerError> {
    if case.on_allow.is_some() {
        return Err(LedgerError::NoDecision(
            "what this permission uses up is not marked as used",
        ));
    }
    if request.digest != case.digest || request.wallet != case.wallet {
        return Err(LedgerError::NoDecision(
            "the same fingerprint came with other bytes to sign",
        ));
    }
    Ok(Ruling::Sign(Signable {
        request_id: request.id,
        log_index: request.log_index,
        wallet: request.wallet,
        at: request.at,
        digest: request.digest,
        input: case.input,
        answer: request.answer.clone(),
        held: None,
    }))
}
