//! The token account that Jupiter opens for what passes through a trade, mostly wrapped SOL.
//!
//! Jupiter derives its address and sets its owner, neither of which the message shows: the account
//! is never taken for the wallet's, and nothing but its rent goes into it.

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::anchor::DISCRIMINATOR;
use super::super::super::ata::TokenProgram;
use super::super::super::call::Call;
use super::super::super::ids;
use super::super::super::walk::Walk;

pub(super) const CREATE: u64 = 0x93f1_7b64_f484_ae76;

/// Slots: account, wallet, mint, token program, System.
pub(super) fn create(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("create_token_account");
    call.expect_slots(5..=5)?;
    call.args(DISCRIMINATOR, |args| args.u8("bump"))?;
    call.wallet(1, "the payer")?;
    let key = call.key(3)?;
    let program = TokenProgram::by_id(&key).ok_or_else(|| {
        call.refuse(
            DecodeErrorKind::WrongAccounts,
            format!("expected a token program in slot 3, got `{key}`"),
        )
    })?;
    call.fixed(4, &ids::SYSTEM)?;
    walk.deposit_token_rent(call.key(0)?, program);
    Ok(())
}
