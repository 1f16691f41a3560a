//! Power over tokens through Uniswap's Permit2: <https://github.com/Uniswap/permit2>.

use countersign_intent::Lifetime;
use countersign_intent::evm::{Address, Detail, Draft};

use super::schema::Schema;
use super::{Message, Standard};
use crate::evm::effects::refused;
use crate::{DecodeError, DecodeErrorKind};

/// The contract, at every chain that has it.
const PERMIT2: Address = Address::new([
    0x00, 0x00, 0x00, 0x00, 0x00, 0x22, 0xd4, 0x73, 0x03, 0x0f, 0x11, 0x6d, 0xde, 0xe9, 0xf6, 0xb4,
    0x3a, 0xc7, 0x8b, 0xa3,
]);

pub(super) const SINGLE: Standard = Standard {
    schema: Schema {
        primary: "PermitSingle",
        types: &[
            (
                "PermitSingle",
                &[
                    "PermitDetails details",
                    "address spender",
                    "uint256 sigDeadline",
                ],
            ),
            (
                "PermitDetails",
                &[
                    "address token",
                    "uint160 amount",
                    "uint48 expiration",
                    "uint48 nonce",
                ],
            ),
        ],
    },
    read: single,
};

pub(super) const TRANSFER_FROM: Standard = Standard {
    schema: Schema {
        primary: "PermitTransferFrom",
        types: &[
            (
                "PermitTransferFrom",
                &[
                    "TokenPermissions permitted",
                    "address spender",
                    "uint256 nonce",
                    "uint256 deadline",
                ],
            ),
            ("TokenPermissions", &["address token", "uint256 amount"]),
        ],
    },
    read: transfer_from,
};

fn single(message: &mut Message<'_>) -> Result<Draft, DecodeError> {
    check_contract(message)?;
    let (token, amount, expires_at, nonce) = message.nested("details", |details| {
        let token = details.address("token")?;
        let amount = details.allowance("amount", 160)?;
        let expires_at = details.time("expiration", 48)?;
        let nonce = details.number("nonce", 48)?;
        Ok((details.token(&token)?, amount, expires_at, nonce))
    })?;
    let spender = message.receiver("spender")?;
    let deadline = message.time("sigDeadline", 256)?;
    Ok(Draft {
        wallet: message.context.wallet,
        effects: vec![Detail::Permit2Allowance {
            contract: PERMIT2,
            asset: token.asset,
            amount,
            spender,
            expires_at,
            deadline,
            nonce: nonce.to_be_bytes(),
            wrapped: token.wrapped(),
        }],
        lifetime: Lifetime::ExpiresAt(deadline),
    })
}

fn transfer_from(message: &mut Message<'_>) -> Result<Draft, DecodeError> {
    check_contract(message)?;
    let (token, amount) = message.nested("permitted", |permitted| {
        let token = permitted.address("token")?;
        let amount = permitted.amount("amount", 256)?;
        Ok((permitted.token(&token)?, amount))
    })?;
    let spender = message.receiver("spender")?;
    let nonce = message.number("nonce", 256)?.to_be_bytes();
    let deadline = message.time("deadline", 256)?;
    Ok(Draft {
        wallet: message.context.wallet,
        effects: vec![Detail::Permit2Transfer {
            contract: PERMIT2,
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

fn check_contract(message: &Message<'_>) -> Result<(), DecodeError> {
    if message.contract == PERMIT2 {
        return Ok(());
    }
    Err(refused(
        DecodeErrorKind::UnknownProgram,
        format!(
            "`typed_data.domain.verifyingContract`: `{}` is not Permit2, which is `{PERMIT2}`",
            message.contract
        ),
    ))
}
