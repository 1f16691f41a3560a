//! What pump.fun and `PumpSwap` do alike for the accounts of a trader, at the trader's cost.

use countersign_intent::solana::{Address, Detail as Effect};

use crate::DecodeError;

use super::super::super::anchor::DISCRIMINATOR;
use super::super::super::call::Call;
use super::super::super::walk::Walk;

pub(in super::super) const EXTEND_ACCOUNT: u64 = 0xea66_c2cb_9648_3ee5;
pub(in super::super) const INIT_ACCUMULATOR: u64 = 0x5e06_ca73_ff60_e8b7;

/// Slots: account, user, System, event authority, program; the user pays for what an account of
/// the first size lacks.
pub(in super::super) fn extend_account(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: Address,
) -> Result<(), DecodeError> {
    call.named("extend_account");
    call.expect_slots(5..=5)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(1, "the user")?;
    call.fixed(4, &program)?;
    walk.deposit(program, walk.context.costs.pump_extension);
    Ok(())
}

/// Slots: payer, user, accumulator, System, event authority, program.
pub(in super::super) fn init_accumulator(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    program: Address,
) -> Result<(), DecodeError> {
    call.named("init_user_volume_accumulator");
    call.expect_slots(6..=6)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(0, "the payer")?;
    call.wallet(1, "the user")?;
    call.fixed(5, &program)?;
    walk.deposit(call.key(2)?, walk.context.costs.pump_accumulator_rent);
    Ok(())
}

/// Slots: wallet, accumulator; what the accumulator holds comes back to the wallet.
pub(super) fn reclaim(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    name: &'static str,
    slots: usize,
) -> Result<(), DecodeError> {
    call.named(name);
    call.expect_slots(slots..=slots)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(0, "the owner")?;
    let account = call.key(1)?;
    walk.push(Effect::Reclaim {
        account,
        amount: None,
    });
    Ok(())
}
