//! Jupiter limit orders, v1 and v2 (trigger): funds wait in an order until somebody fills it at
//! the stated price, so placing one counts as the trade it allows. Those of v1 are only cancelled.

use countersign_intent::Timestamp;
use countersign_intent::solana::{Address, Detail as Effect};

use crate::{DecodeError, DecodeErrorKind};

use super::super::anchor::{self, DISCRIMINATOR};
use super::super::ata::TokenProgram;
use super::super::call::Call;
use super::super::swap::{Bounds, MintFrom, Side, Terms, least_received};
use super::super::walk::{Walk, lamports};
use super::super::wire::Reader;

pub(super) const V1: Address = Address::from_literal("jupoNjAxXgZ4rjzxzPMP4oxduvQsQtZzyknqvzYNrNu");
pub(super) const V2: Address = Address::from_literal("j1o2qRpjcyUwEvwtcfhEQefh773ZgjxcVRry7LDqg5X");
pub(super) const SLUG_V2: &str = "jupiter-limit-v2";

/// What Jupiter keeps of what a filled order takes, besides an integrator's fee: 0.1 %, and 0.03 % of
/// stable pairs (dev.jup.ag, "About Trigger API").
const KEPT_BPS: u16 = 10;
const FULL_BPS: u16 = 10_000;
/// The end of the year 9999.
const LAST_EXPIRY: i64 = 253_402_300_799;

const INITIALIZE_ORDER: u64 = 0x856e_4aaf_709f_f59f;
const CANCEL_ORDER: u64 = 0x5f81_edf0_0831_df84;

pub(super) fn decode_v1(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match anchor::discriminator(call) {
        Some(INITIALIZE_ORDER) => {
            call.named("initialize_order");
            Err(call.refuse(
                DecodeErrorKind::UnboundedTrade,
                "what is kept of an order of the first version stands in an account of its program \
                 and in no message, so the least that arrives cannot be told; place an order of the \
                 second version (trigger)",
            ))
        }
        Some(CANCEL_ORDER) => {
            call.named("cancel_order");
            call.expect_slots(7..=7)?;
            call.wallet(2, "the maker")?;
            cancel(walk, call, 0, (3, 6))
        }
        Some(_) | None => Err(anchor::refuse(call, &[])),
    }
}

pub(super) fn decode_v2(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    match anchor::discriminator(call) {
        Some(INITIALIZE_ORDER) => initialize_v2(walk, call),
        Some(CANCEL_ORDER) => {
            call.named("cancel_order");
            call.expect_slots(9..=9)?;
            call.wallet(0, "the signer")?;
            call.wallet(1, "the maker")?;
            cancel(walk, call, 2, (4, 5))
        }
        Some(_) | None => Err(anchor::refuse(call, &[])),
    }
}

struct Order {
    making: u64,
    taking: u64,
    expiry: Option<i64>,
    /// To an integrator, as the order says.
    fee_bps: u16,
}

/// Slots: payer, maker, order, reserve, maker input, fee, referral, input mint, output mint, two
/// token programs, System, Associated Token Account, event authority, program. What is taken
/// goes to the maker's associated account, which the filler opens.
fn initialize_v2(walk: &mut Walk<'_>, call: &mut Call<'_>) -> Result<(), DecodeError> {
    call.named("initialize_order");
    call.expect_slots(15..=15)?;
    call.wallet(0, "the payer")?;
    call.wallet(1, "the maker")?;
    let order = call.args(DISCRIMINATOR, |args| {
        args.u64("unique id")?;
        let (making, taking) = (args.u64("making amount")?, args.u64("taking amount")?);
        let expiry = expiry(args)?;
        let fee_bps = if anchor::flag(args, "option")? {
            args.u16("fee")?
        } else {
            0
        };
        Ok(Order {
            making,
            taking,
            expiry,
            fee_bps,
        })
    })?;
    let sides = (Side::Token(4, MintFrom::Slot(7)), Side::OwnOfMint(8));
    place(walk, call, sides, &order, 6)?;
    deposits(walk, call, 2, 3)
}

/// Seconds since the Unix epoch, if the order states any.
fn expiry(args: &mut Reader<'_>) -> Result<Option<i64>, DecodeError> {
    if anchor::flag(args, "option")? {
        return args
            .u64("expiry")
            .map(|seconds| Some(seconds.cast_signed()));
    }
    Ok(None)
}

/// Until when somebody can fill the order.
fn expires_at(call: &Call<'_>, seconds: Option<i64>) -> Result<Timestamp, DecodeError> {
    let unbounded = |why| {
        let message = format!(
            "an order {why} can be filled at any later time; state a time to come, in seconds"
        );
        call.refuse(DecodeErrorKind::UnboundedTrade, message)
    };
    let seconds = seconds.ok_or_else(|| unbounded("without an expiry".to_owned()))?;
    let micros = seconds.checked_mul(1_000_000);
    let possible = micros.filter(|_| (1..=LAST_EXPIRY).contains(&seconds));
    let micros = possible.ok_or_else(|| unbounded(format!("whose expiry is {seconds}")))?;
    Ok(Timestamp::from_micros(micros))
}

fn place(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    sides: (Side, Side),
    order: &Order,
    referral: usize,
) -> Result<(), DecodeError> {
    if order.fee_bps > FULL_BPS {
        return Err(call.refuse(
            DecodeErrorKind::UnboundedTrade,
            format!(
                "a fee of {} basis points, at most {FULL_BPS} make sense",
                order.fee_bps
            ),
        ));
    }
    let terms = Terms {
        expires_at: Some(expires_at(call, order.expiry)?),
        platform_fee_bps: order.fee_bps,
        fee_account: call.fee_account(referral)?,
        ..Terms::default()
    };
    walk.trade(
        call,
        SLUG_V2,
        sides,
        Bounds::exact_in(
            order.making,
            // Fees are taken from what the order takes.
            least_received(order.taking, 0, order.fee_bps.saturating_add(KEPT_BPS)),
        ),
        terms,
    )
}

// The wallet pays for the order and for the token account its funds wait in.
fn deposits(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    order: usize,
    reserve: usize,
) -> Result<(), DecodeError> {
    let amount = lamports(walk.context.costs.order_rent);
    walk.push(Effect::RentDeposit {
        account: call.key(order)?,
        amount,
    });
    walk.deposit_token_rent(call.key(reserve)?, TokenProgram::Token2022);
    Ok(())
}

fn cancel(
    walk: &mut Walk<'_>,
    call: &Call<'_>,
    order: usize,
    (refund, mint): (usize, usize),
) -> Result<(), DecodeError> {
    call.no_args(DISCRIMINATOR)?;
    walk.own_token_account(call, refund, MintFrom::Slot(mint))?;
    walk.push(Effect::Reclaim {
        account: call.key(order)?,
        amount: None,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::draft::{
        STRANGER, Step, WALLET, ata, effects, pays, reads, refusal, signs, writes,
    };
    use super::super::super::trade_check::{RECEIVED, SPENT, instruction};
    use super::*;

    const EXPIRY: i64 = 1_796_000_000;

    fn v2(fee: Option<u16>) -> Step {
        let mut data = INITIALIZE_ORDER.to_be_bytes().to_vec();
        data.extend(7_u64.to_le_bytes());
        data.extend(1_000_u64.to_le_bytes());
        data.extend(2_000_u64.to_le_bytes());
        data.push(1);
        data.extend(EXPIRY.to_le_bytes());
        data.push(u8::from(fee.is_some()));
        data.extend(fee.map(u16::to_le_bytes).iter().flatten());
        let given = [
            (0, pays(WALLET)),
            (1, pays(WALLET)),
            (4, writes(ata(WALLET, SPENT))),
            (6, reads(V2)),
            (7, reads(SPENT)),
            (8, reads(RECEIVED)),
        ];
        instruction(V2, 15, &given, data)
    }

    #[test]
    fn orders_are_bounded_and_the_wallets() {
        let effects = effects(&[v2(None)]).unwrap();
        assert!(
            matches!(&effects[0], Effect::Swap(swap) if swap.program == SLUG_V2
                && swap.receive == countersign_intent::solana::Asset::Token(RECEIVED))
        );
        let rents = effects
            .iter()
            .filter(|effect| matches!(effect, Effect::RentDeposit { .. }));
        assert_eq!(rents.count(), 2);
        for slot in [9, 10, 11, 12] {
            let mut foreign = v2(None);
            foreign.accounts[slot] = reads(STRANGER);
            assert_eq!(refusal(&[foreign]), DecodeErrorKind::WrongAccounts);
        }
    }

    #[test]
    fn an_order_of_the_first_version_is_not_placed() {
        let mut data = INITIALIZE_ORDER.to_be_bytes().to_vec();
        data.extend([0; 25]);
        let given = [(1, pays(WALLET)), (4, writes(ata(WALLET, SPENT)))];
        let order = instruction(V1, 12, &given, data);
        assert_eq!(refusal(&[order]), DecodeErrorKind::UnboundedTrade);
    }

    #[test]
    fn the_maker_and_the_payer_are_the_wallet() {
        for slot in [0, 1] {
            let mut foreign = v2(None);
            foreign.accounts[slot] = signs(STRANGER);
            assert_eq!(refusal(&[foreign]), DecodeErrorKind::WrongAccounts);
        }
    }

    #[test]
    fn an_order_states_its_expiry_and_its_fee() {
        let mut forever = v2(None);
        forever.data.drain(33..41);
        forever.data[32] = 0;
        assert_eq!(refusal(&[forever]), DecodeErrorKind::UnboundedTrade);
        let order = |step| match effects(&[step]).unwrap().swap_remove(0) {
            Effect::Swap(swap) => swap,
            other => panic!("{other:?}"),
        };
        let with_fee = order(v2(Some(30)));
        assert_eq!(with_fee.platform_fee_bps, 30);
        assert_eq!(with_fee.receive_min.base(), 1_992, "less both fees");
        let without = order(v2(None));
        assert_eq!(without.receive_min.base(), 1_998, "less what is kept");
        let until = Some(Timestamp::from_micros(EXPIRY * 1_000_000));
        assert_eq!((with_fee.expires_at, without.expires_at), (until, until));
        assert_eq!(
            refusal(&[v2(Some(10_001))]),
            DecodeErrorKind::UnboundedTrade
        );
        for never in [i64::MAX, -1, 0, i64::MIN, 253_402_300_800] {
            let mut step = v2(None);
            step.data[33..41].copy_from_slice(&never.to_le_bytes());
            assert_eq!(refusal(&[step]), DecodeErrorKind::UnboundedTrade, "{never}");
        }
    }

    #[test]
    fn a_cancelled_order_refunds_the_wallet_only() {
        let cancel = |refund| {
            let given = [
                (0, signs(WALLET)),
                (1, signs(WALLET)),
                (4, writes(refund)),
                (5, reads(SPENT)),
            ];
            instruction(V2, 9, &given, CANCEL_ORDER.to_be_bytes().to_vec())
        };
        let back = effects(&[cancel(ata(WALLET, SPENT))]).unwrap();
        assert!(matches!(back[..], [Effect::Reclaim { amount: None, .. }]));
        assert_eq!(
            refusal(&[cancel(ata(STRANGER, SPENT))]),
            DecodeErrorKind::UnprovenAccount
        );
    }
}
