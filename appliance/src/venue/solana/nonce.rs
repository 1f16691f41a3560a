//! What a durable nonce asks of a request beside policy.

use countersign_api::ErrorCode;
use countersign_intent::solana::Nonce;
use countersign_intent::{Intent, Lifetime, Resource};
use countersign_store::ledger::{Hold, HoldState, NonceState, NonceUse};

use crate::venue::Refusal;

/// The durable nonce that the message is signed over.
pub(super) fn of(intent: &Intent) -> Option<Hold> {
    let nonce = held(intent.lifetime())?;
    Some(Hold::Nonce(NonceUse {
        account: *nonce.account.as_bytes(),
        value: nonce.value,
    }))
}

const fn held(lifetime: &Lifetime) -> Option<&Nonce> {
    match lifetime {
        Lifetime::ExpiresAt(_) | Lifetime::Blockhash(_) | Lifetime::HeldUntil(Resource::Evm(_)) => {
            None
        }
        Lifetime::HeldUntil(Resource::Solana(nonce)) => Some(nonce),
    }
}

/// Why nothing is signed over this nonce now.
pub(super) fn refused(lifetime: &Lifetime, state: HoldState) -> Option<Refusal> {
    let account = held(lifetime)?.account;
    // What it asked for is a value.
    let HoldState::Nonce(state) = state else {
        return None;
    };
    let message = match state {
        NonceState::Free => return None,
        NonceState::Unknown => format!(
            "what nonce account `{account}` holds was not observed yet; have it fed \
             (`countersign nonces observe`), then ask under a new key"
        ),
        NonceState::NotCurrent(slot) => format!(
            "the nonce in the message is not the one that `{account}` was observed to hold at \
             slot {slot}; build the message with that one, or have a later one fed"
        ),
        NonceState::HeldBy(request) => format!(
            "{request} may have a signature over this nonce of `{account}` already: send that \
             request again under its own key, or wait until the nonce was observed to have \
             advanced"
        ),
    };
    Some(Refusal {
        code: ErrorCode::PolicyDenied,
        rule: "nonce",
        message,
    })
}
