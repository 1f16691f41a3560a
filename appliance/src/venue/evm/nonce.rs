//! What an account's nonce asks of a request beside policy.

use countersign_api::ErrorCode;
use countersign_intent::evm::{AccountNonce, Detail as Own, FeeBound};
use countersign_intent::{Detail, Effect, Intent, Lifetime, Resource, effects_digest};
use countersign_store::ledger::{Bid, HoldState, SequenceState, SequenceUse};
use sha2::{Digest, Sha256};

use crate::venue::Refusal;

/// The nonce that the transaction uses up, and what it offers for being taken.
pub(super) fn of(intent: &Intent) -> Option<SequenceUse> {
    let nonce = used(intent)?;
    let bound = intent.effects().iter().find_map(fee)?;
    let most = bound.max_fee_per_gas.base();
    Some(SequenceUse {
        account: account(nonce),
        number: nonce.nonce,
        meaning: effects_digest(intent, |one| fee(one).is_none()),
        cancels: intent.effects().iter().all(does_nothing),
        bid: Bid {
            most,
            // A gas price is all of it.
            tip: bound
                .max_priority_fee_per_gas
                .map_or(most, |tip| tip.base()),
        },
    })
}

/// An account at one chain, as the ledger names it.
fn account(nonce: &AccountNonce) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"countersign/evm-account/v1\0");
    hasher.update(nonce.chain.to_be_bytes());
    hasher.update(nonce.address.as_bytes());
    hasher.finalize().into()
}

const fn used(intent: &Intent) -> Option<&AccountNonce> {
    match intent.lifetime() {
        Lifetime::HeldUntil(Resource::Evm(nonce)) => Some(nonce),
        Lifetime::HeldUntil(_) | Lifetime::ExpiresAt(_) | Lifetime::Blockhash(_) => None,
    }
}

const fn fee(effect: &Effect) -> Option<&FeeBound> {
    match effect.detail() {
        Detail::Evm(Own::Fee(bound)) => Some(bound),
        _ => None,
    }
}

/// What costs its fee and no more.
const fn does_nothing(effect: &Effect) -> bool {
    matches!(
        effect.detail(),
        Detail::Evm(Own::Fee(_) | Own::Cancel { .. })
    )
}

/// Why nothing is signed over this nonce now.
pub(super) fn refused(intent: &Intent, state: HoldState) -> Option<Refusal> {
    let AccountNonce {
        chain,
        address,
        nonce,
    } = used(intent)?;
    let HoldState::Sequence(state) = state else {
        return None;
    };
    let this = format!("nonce {nonce} of `{address}` at chain {chain}");
    let message = match state {
        SequenceState::Free | SequenceState::Replaces(_) => return None,
        SequenceState::HeldBy(request) => format!(
            "{request} may have a signature over {this}, and this means something else: use the next \
             nonce; or replace that one with the same effects and a higher fee, or end it with 0 sent to \
             the wallet itself and a higher fee"
        ),
        SequenceState::BidsTooLow(request, Bid { most, tip }) => format!(
            "{request} may have a signature over {this}: to replace it, offer a tenth more of both, at \
             least {most} wei as the highest fee per gas and {tip} wei as the highest priority fee; or \
             send that request again under its own key to get the same"
        ),
    };
    Some(Refusal {
        code: ErrorCode::PolicyDenied,
        rule: "nonce",
        message,
    })
}
