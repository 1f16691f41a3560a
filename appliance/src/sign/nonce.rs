//! What a durable nonce asks of a request beside policy.

use countersign_api::ErrorCode;
use countersign_intent::Lifetime;
use countersign_store::ledger::{NonceState, NonceUse};

use super::stages::{Read, Refusal};

/// The durable nonce that the message is signed over.
pub(super) fn nonce_of(read: &Read) -> Option<NonceUse> {
    match read.decoded.as_ref().ok()?.intent.lifetime {
        Lifetime::Blockhash(_) => None,
        Lifetime::DurableNonce { account, value, .. } => Some(NonceUse {
            account: *account.as_bytes(),
            value,
        }),
    }
}

/// Why nothing is signed over this nonce now.
pub(super) fn nonce_refused(lifetime: &Lifetime, state: NonceState) -> Option<Refusal> {
    let Lifetime::DurableNonce { account, .. } = lifetime else {
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
