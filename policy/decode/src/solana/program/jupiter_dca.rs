//! Jupiter DCA: keepers spend a deposit later at prices nobody can bound now, so opening or
//! filling one counts as sending the deposit away.

use countersign_intent::solana::{Address, Asset, Detail as Effect, WRAPPED_SOL_MINT};

use crate::DecodeError;

use super::super::anchor::{self, DISCRIMINATOR};
use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::swap::MintFrom;
use super::super::walk::{Opened, Walk, lamports};
use super::super::wire::Reader;

pub(super) const ID: Address =
    Address::from_literal("DCA265Vj8a9CEuX1eb1LWRnDT7uK6q1xMipnNyatn23M");

const OPEN: u64 = 0x2441_b936_01d2_64a3;
const OPEN_V2: u64 = 0x8e77_2b6d_a234_0bb1;
const DEPOSIT: u64 = 0xf223_c689_52e1_f2b6;
const WITHDRAW: u64 = 0xb712_469c_946d_a122;
const CLOSE: u64 = 0x1607_2162_a8b7_22f3;

pub(super) fn decode(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match anchor::discriminator(call) {
        Some(OPEN) => {
            call.named("open_dca");
            call.expect_slots(12..=12)?;
            let (amount, closes) = call.args(DISCRIMINATOR, |args| read_open(args, true))?;
            call.wallet(1, "the user")?;
            let own = open(walk, call, amount, 2)?;
            if closes && own.mint == WRAPPED_SOL_MINT {
                walk.close(call, 4)?;
            }
            Ok(())
        }
        Some(OPEN_V2) => {
            call.named("open_dca_v2");
            call.expect_slots(13..=13)?;
            let (amount, _) = call.args(DISCRIMINATOR, |args| read_open(args, false))?;
            call.wallet(1, "the user")?;
            call.wallet(2, "the payer")?;
            open(walk, call, amount, 3).map(|_| ())
        }
        Some(DEPOSIT) => deposit(walk, call),
        Some(WITHDRAW) => {
            call.named("withdraw");
            call.expect_slots(12..=12)?;
            call.args(DISCRIMINATOR, |args| {
                args.u64("amount")?;
                anchor::flag(args, "side")
            })?;
            reclaim(walk, call, [(5, 2), (6, 3)])
        }
        Some(CLOSE) => {
            call.named("close_dca");
            call.expect_slots(13..=13)?;
            call.no_args(DISCRIMINATOR)?;
            reclaim(walk, call, [(6, 2), (7, 3)])
        }
        Some(_) | None => Err(anchor::refuse(call, &[])),
    }
}

/// The deposit, and whether the wrapped-SOL account that it came from is closed.
fn read_open(args: &mut Reader<'_>, closes_wsol: bool) -> Result<(u64, bool), DecodeError> {
    args.u64("application index")?;
    let amount = args.u64("amount")?;
    args.u64("amount per cycle")?;
    args.u64("cycle")?;
    for what in ["least amount out", "most amount out", "start"] {
        if anchor::flag(args, "option")? {
            args.u64(what)?;
        }
    }
    let closes =
        closes_wsol && anchor::flag(args, "option")? && anchor::flag(args, "close_wsol_in_ata")?;
    Ok((amount, closes))
}

/// Slots from the first mint on: input mint, output mint, the user's account, then the two
/// accounts of the plan.
fn open(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    amount: u64,
    mint: usize,
) -> Result<Opened, DecodeError> {
    let own = walk.own_token_account(call, mint + 2, MintFrom::Slot(mint))?;
    let plan = call.key(0)?;
    let (input, output) = (call.key(mint + 3)?, call.key(mint + 4)?);
    walk.push(Effect::Transfer {
        asset: Asset::of_mint(own.mint),
        amount: lamports(amount),
        to: plan,
        token_account: Some(input),
    });
    let rent = lamports(walk.context.costs.order_rent);
    walk.push(Effect::RentDeposit {
        account: plan,
        amount: rent,
    });
    walk.deposit_token_rent(input, TokenProgram::Token);
    walk.deposit_token_rent(output, TokenProgram::Token);
    Ok(own)
}

/// Slots: user, plan, plan's input account, user's input account.
fn deposit(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("deposit");
    call.expect_slots(7..=7)?;
    let amount = call.args(DISCRIMINATOR, |args| args.u64("amount"))?;
    call.wallet(0, "the user")?;
    let own = walk.own_token_account(call, 3, MintFrom::Nowhere)?;
    walk.push(Effect::Transfer {
        asset: Asset::of_mint(own.mint),
        amount: lamports(amount),
        to: call.key(1)?,
        token_account: Some(call.key(2)?),
    });
    Ok(())
}

/// Slots: user, plan; both accounts that are paid out to must be the wallet's.
fn reclaim(
    walk: &mut Walk<'_>,
    call: &mut Call<'_>,
    refunds: [(usize, usize); 2],
) -> Result<(), DecodeError> {
    call.wallet(0, "the user")?;
    for (account, mint) in refunds {
        if call.optional(account)?.is_some() {
            walk.own_token_account(call, account, MintFrom::Slot(mint))?;
        }
    }
    walk.push(Effect::Reclaim {
        account: call.key(1)?,
        amount: None,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        STRANGER, WALLET, ata, effects, pays, pool, reads, refusal, writes,
    };
    use super::super::super::trade_check::{RECEIVED, SPENT, instruction};
    use super::*;
    use crate::DecodeErrorKind;

    fn open_data(discriminator: u64, closes: bool) -> Vec<u8> {
        let mut data = discriminator.to_be_bytes().to_vec();
        for number in [1_u64, 1_000, 100, 60] {
            data.extend(number.to_le_bytes());
        }
        data.extend([0, 0, 0]);
        if closes {
            data.extend([1, 1]);
        }
        data
    }

    #[test]
    fn opening_a_plan_sends_its_deposit_away() {
        for (discriminator, count, mint) in [(OPEN, 12, 2), (OPEN_V2, 13, 3)] {
            let mut given = vec![
                (1, pays(WALLET)),
                (mint, reads(SPENT)),
                (mint + 1, reads(RECEIVED)),
                (mint + 2, writes(ata(WALLET, SPENT))),
            ];
            if discriminator == OPEN_V2 {
                given.push((2, pays(WALLET)));
            }
            let data = open_data(discriminator, discriminator == OPEN);
            let step = instruction(ID, count, &given, data);
            let effects = effects(std::slice::from_ref(&step)).unwrap();
            assert_eq!(
                effects[0],
                Effect::Transfer {
                    asset: Asset::Token(SPENT),
                    amount: lamports(1_000),
                    to: pool(0),
                    token_account: Some(pool(u8::try_from(mint + 3).unwrap())),
                }
            );
            assert_eq!(effects.len(), 4);
            let mut longer = step;
            longer.data.push(0);
            assert_eq!(refusal(&[longer]), DecodeErrorKind::WrongData);
        }
    }

    #[test]
    fn a_deposit_needs_a_known_source() {
        let deposit = |from, mints| {
            let mut data = DEPOSIT.to_be_bytes().to_vec();
            data.extend(5_u64.to_le_bytes());
            let given = [(0, pays(WALLET)), (3, writes(from)), (5, reads(mints))];
            instruction(ID, 7, &given, data)
        };
        let known = effects(&[deposit(ata(WALLET, SPENT), SPENT)]).unwrap();
        assert!(matches!(known[..], [Effect::Transfer { .. }]));
        assert_eq!(
            refusal(&[deposit(ata(STRANGER, SPENT), SPENT)]),
            DecodeErrorKind::UnprovenAccount
        );
    }

    #[test]
    fn what_comes_back_comes_to_the_wallet() {
        for (discriminator, count, args, account) in [(WITHDRAW, 12, 9, 5), (CLOSE, 13, 0, 6)] {
            let step = |first, second| {
                let mut data = discriminator.to_be_bytes().to_vec();
                data.extend(vec![0; args]);
                let given = [
                    (0, pays(WALLET)),
                    (2, reads(SPENT)),
                    (3, reads(RECEIVED)),
                    (account, writes(first)),
                    (account + 1, writes(second)),
                ];
                instruction(ID, count, &given, data)
            };
            let own = step(ata(WALLET, SPENT), ata(WALLET, RECEIVED));
            assert!(matches!(
                effects(&[own]).unwrap()[..],
                [Effect::Reclaim { .. }]
            ));
            for foreign in [
                step(ata(STRANGER, SPENT), ata(WALLET, RECEIVED)),
                step(ata(WALLET, SPENT), ata(STRANGER, RECEIVED)),
            ] {
                assert_eq!(refusal(&[foreign]), DecodeErrorKind::UnprovenAccount);
            }
        }
    }
}
