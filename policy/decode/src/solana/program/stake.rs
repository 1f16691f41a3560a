//! Stake program (`solana-stake-interface` 5.1). Layouts exist with and without sysvar accounts,
//! so the authority is found by being the wallet, not by its slot.

use countersign_intent::solana::{Address, Detail as Effect, StakeOperation};

use crate::{DecodeError, DecodeErrorKind};

use super::super::call::Call;
use super::super::ids;
use super::super::walk::{Walk, lamports, sol_transfer};

const DISCRIMINATOR: usize = 4;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    let (name, decode): (&'static str, super::Decode) = match call.data() {
        [0, 0, 0, 0, ..] => ("Initialize", initialize),
        [1, 0, 0, 0, ..] => ("Authorize", hand_over),
        [2, 0, 0, 0, ..] => ("DelegateStake", delegate),
        [3, 0, 0, 0, ..] => ("Split", rearrange),
        [4, 0, 0, 0, ..] => ("Withdraw", withdraw),
        [5, 0, 0, 0, ..] => ("Deactivate", deactivate),
        [6, 0, 0, 0, ..] => ("SetLockup", hand_over),
        [7, 0, 0, 0, ..] => ("Merge", rearrange),
        [8, 0, 0, 0, ..] => ("AuthorizeWithSeed", hand_over),
        [9, 0, 0, 0, ..] => ("InitializeChecked", rearrange),
        [10, 0, 0, 0, ..] => ("AuthorizeChecked", hand_over),
        [11, 0, 0, 0, ..] => ("AuthorizeCheckedWithSeed", hand_over),
        [12, 0, 0, 0, ..] => ("SetLockupChecked", hand_over),
        [13, 0, 0, 0, ..] => ("GetMinimumDelegation", rearrange),
        [14, 0, 0, 0, ..] => ("DeactivateDelinquent", rearrange),
        [15, 0, 0, 0, ..] => ("Redelegate", rearrange),
        [16, 0, 0, 0, ..] => ("MoveStake", rearrange),
        [17, 0, 0, 0, ..] => ("MoveLamports", rearrange),
        _ => {
            return Err(call.refuse(
                DecodeErrorKind::UnknownInstruction,
                "expected a Stake instruction from 0 to 17",
            ));
        }
    };
    call.named(name);
    decode(walk, call)
}

fn hand_over(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("changes who may stake, withdraw or unlock the stake"))
}

fn rearrange(_: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    Err(call.forbid("moves stake between accounts whose authorities the message does not show"))
}

/// Slots: stake account, Rent. The lockup must be none, so that no custodian can hold the stake.
fn initialize(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(2..=2)?;
    call.fixed(1, &ids::RENT)?;
    let (staker, withdrawer, lockup) = call.args(DISCRIMINATOR, |args| {
        let staker = Address::new(*args.array("staker")?);
        let withdrawer = Address::new(*args.array("withdrawer")?);
        Ok((staker, withdrawer, args.array::<48>("lockup")?))
    })?;
    let account = call.key(0)?;
    let Some(paid) = walk.complete(call, 0, &ids::STAKE, None)?.lamports else {
        return Ok(());
    };
    if staker != walk.wallet() || withdrawer != walk.wallet() || lockup != &[0; 48] {
        return Err(call.refuse(
            DecodeErrorKind::ForeignDestination,
            "expected the wallet as staker and withdrawer, and no lockup",
        ));
    }
    walk.push(Effect::Stake {
        account,
        operation: StakeOperation::Create {
            amount: lamports(paid),
        },
    });
    Ok(())
}

/// Slots: stake account, vote account, then sysvars, a former config account, and the staker.
fn delegate(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(3..=6)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(call.slot_count().saturating_sub(1), "the staker")?;
    let (account, vote_account) = (call.key(0)?, call.key(1)?);
    walk.push(Effect::Stake {
        account,
        operation: StakeOperation::Delegate { vote_account },
    });
    Ok(())
}

/// Slots: stake account, then the clock, and the staker.
fn deactivate(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(2..=3)?;
    call.no_args(DISCRIMINATOR)?;
    call.wallet(call.slot_count().saturating_sub(1), "the staker")?;
    let account = call.key(0)?;
    walk.push(Effect::Stake {
        account,
        operation: StakeOperation::Deactivate,
    });
    Ok(())
}

/// Slots: stake account, recipient, then sysvars, and the withdrawer. A custodian after it is
/// refused: there is no lockup on what this appliance creates.
fn withdraw(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.expect_slots(3..=5)?;
    let units = call.args(DISCRIMINATOR, |args| args.u64("lamports"))?;
    call.wallet(call.slot_count().saturating_sub(1), "the withdrawer")?;
    let account = call.key(0)?;
    let recipient = call.key_or_wallet(1)?;
    let effect = if recipient == walk.wallet() {
        Effect::Stake {
            account,
            operation: StakeOperation::WithdrawToSelf {
                amount: lamports(units),
            },
        }
    } else {
        sol_transfer(units, recipient)
    };
    walk.push(effect);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        STRANGER, Step, WALLET, effects, pays, pool, reads, refusal, signs, step, writes,
    };
    use super::*;

    fn create(units: u64, owner: Address) -> Step {
        let mut data = vec![0, 0, 0, 0];
        data.extend(units.to_le_bytes());
        data.extend(200_u64.to_le_bytes());
        data.extend(owner.as_bytes());
        step(ids::SYSTEM, vec![pays(WALLET), pays(pool(1))], data)
    }

    fn initialize(staker: Address, withdrawer: Address, lockup: [u8; 48]) -> Step {
        let mut data = vec![0, 0, 0, 0];
        data.extend(staker.as_bytes());
        data.extend(withdrawer.as_bytes());
        data.extend(lockup);
        step(ids::STAKE, vec![writes(pool(1)), reads(ids::RENT)], data)
    }

    #[test]
    fn a_stake_account_is_created_for_the_wallet_only() {
        let fund = create(5_000, ids::STAKE);
        let own = [fund.clone(), initialize(WALLET, WALLET, [0; 48])];
        assert_eq!(
            effects(&own).unwrap(),
            [Effect::Stake {
                account: pool(1),
                operation: StakeOperation::Create {
                    amount: lamports(5_000)
                }
            }]
        );
        for foreign in [
            initialize(STRANGER, WALLET, [0; 48]),
            initialize(WALLET, STRANGER, [0; 48]),
            initialize(WALLET, WALLET, [1; 48]),
        ] {
            assert_eq!(
                refusal(&[fund.clone(), foreign]),
                DecodeErrorKind::ForeignDestination
            );
        }
        // Left uninitialised, anybody could make it theirs.
        assert_eq!(refusal(&[fund]), DecodeErrorKind::WrongAccounts);
        assert_eq!(
            refusal(&[initialize(WALLET, WALLET, [0; 48])]),
            DecodeErrorKind::WrongAccounts
        );
    }

    #[test]
    fn layouts_with_and_without_sysvars_are_understood() {
        let run = |discriminator: u8, accounts: Vec<_>| {
            effects(&[step(ids::STAKE, accounts, vec![discriminator, 0, 0, 0])])
        };
        for middle in [0, 1, 2, 3] {
            let mut accounts = vec![writes(pool(1)), reads(pool(2))];
            accounts.extend((0..middle).map(|number| reads(pool(10 + number))));
            accounts.push(signs(WALLET));
            assert!(matches!(
                run(2, accounts).unwrap()[..],
                [Effect::Stake {
                    operation: StakeOperation::Delegate { .. },
                    ..
                }]
            ));
        }
        let deactivate = run(5, vec![writes(pool(1)), reads(pool(2)), signs(WALLET)]);
        assert!(matches!(
            deactivate.unwrap()[..],
            [Effect::Stake {
                operation: StakeOperation::Deactivate,
                ..
            }]
        ));
    }

    #[test]
    fn a_withdrawal_shows_who_receives() {
        let withdraw = |to, authority| {
            let mut data = vec![4, 0, 0, 0];
            data.extend(7_u64.to_le_bytes());
            let accounts = vec![
                writes(pool(1)),
                writes(to),
                reads(pool(2)),
                reads(pool(3)),
                signs(authority),
            ];
            step(ids::STAKE, accounts, data)
        };
        assert!(matches!(
            effects(&[withdraw(WALLET, WALLET)]).unwrap()[..],
            [Effect::Stake {
                operation: StakeOperation::WithdrawToSelf { .. },
                ..
            }]
        ));
        assert_eq!(
            effects(&[withdraw(STRANGER, WALLET)]).unwrap(),
            [sol_transfer(7, STRANGER)]
        );
        assert_eq!(
            refusal(&[withdraw(WALLET, STRANGER)]),
            DecodeErrorKind::WrongAccounts
        );
    }

    #[test]
    fn authorities_and_locks_never_change() {
        for discriminator in [1, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17] {
            let accounts = vec![writes(pool(1)), signs(WALLET)];
            let other = step(ids::STAKE, accounts, vec![discriminator, 0, 0, 0]);
            assert_eq!(refusal(&[other]), DecodeErrorKind::Forbidden);
        }
        let unknown = step(ids::STAKE, vec![signs(WALLET)], vec![18, 0, 0, 0]);
        assert_eq!(refusal(&[unknown]), DecodeErrorKind::UnknownInstruction);
    }
}
