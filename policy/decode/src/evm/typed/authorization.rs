//! Payments that whoever holds the signature may make (EIP-3009), which x402 asks for.

use countersign_intent::Lifetime;
use countersign_intent::evm::{Authorization, Detail, Draft};

use super::schema::Schema;
use super::{Message, Standard};
use crate::DecodeError;

pub(super) const TRANSFER: Standard = Standard {
    schema: Schema {
        primary: "TransferWithAuthorization",
        types: &[(
            "TransferWithAuthorization",
            &[
                "address from",
                "address to",
                "uint256 value",
                "uint256 validAfter",
                "uint256 validBefore",
                "bytes32 nonce",
            ],
        )],
    },
    read,
};

fn read(message: &mut Message<'_>) -> Result<Draft, DecodeError> {
    let token = message.token(&message.contract)?;
    if token.wraps {
        return Err(message.unlike(&token));
    }
    message.own("from")?;
    let to = message.receiver("to")?;
    let amount = message.amount("value", 256)?;
    let valid_after = message.time("validAfter", 256)?;
    let valid_before = message.time("validBefore", 256)?;
    let nonce = message.word("nonce")?;
    Ok(Draft {
        wallet: message.context.wallet,
        effects: vec![Detail::TransferAuthorization(Authorization {
            asset: token.asset,
            amount,
            to,
            valid_after,
            valid_before,
            nonce,
        })],
        lifetime: Lifetime::ExpiresAt(valid_before),
    })
}
