//! Allowances that whoever holds the signature may set (ERC-2612).

use countersign_intent::Lifetime;
use countersign_intent::evm::{Detail, Draft};

use super::schema::Schema;
use super::{Message, Standard};
use crate::DecodeError;

pub(super) const PERMIT: Standard = Standard {
    schema: Schema {
        primary: "Permit",
        types: &[(
            "Permit",
            &[
                "address owner",
                "address spender",
                "uint256 value",
                "uint256 nonce",
                "uint256 deadline",
            ],
        )],
    },
    read,
};

fn read(message: &mut Message<'_>) -> Result<Draft, DecodeError> {
    let token = message.token(&message.contract)?;
    message.own("owner")?;
    let spender = message.receiver("spender")?;
    let amount = message.allowance("value", 256)?;
    let nonce = message.number("nonce", 256)?.to_be_bytes();
    let deadline = message.time("deadline", 256)?;
    Ok(Draft {
        wallet: message.context.wallet,
        effects: vec![Detail::Permit {
            asset: token.asset,
            amount,
            spender,
            deadline,
            nonce,
            wrapped: token.wrapped(),
        }],
        lifetime: Lifetime::ExpiresAt(deadline),
    })
}
