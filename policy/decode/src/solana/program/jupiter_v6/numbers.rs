//! The numbers of a route, and what they bound.

use crate::{DecodeError, DecodeErrorKind};

use super::super::super::call::Call;
use super::super::super::swap::{Bounds, Terms, least_received, most_spent, quote};
use super::super::super::wire::Reader;
use super::{Arguments, Route, plan};

const FULL_BPS: u16 = 10_000;

/// The numbers of a route.
pub(super) struct Numbers {
    pub(super) amount: u64,
    pub(super) quoted: u64,
    pub(super) slippage_bps: u16,
    pub(super) fee_bps: u16,
    pub(super) positive_slippage_bps: u16,
    pub(super) steps: u32,
}

impl Route {
    pub(super) fn read(&self, args: &mut Reader<'_>) -> Result<Numbers, DecodeError> {
        if self.shared {
            args.u8("id")?;
        }
        match self.arguments {
            Arguments::PlanFirst => {
                let steps = plan::read(args, plan::Weight::Percent)?;
                Ok(Numbers {
                    steps,
                    amount: args.u64("amount")?,
                    quoted: args.u64("quoted amount")?,
                    slippage_bps: args.u16("slippage")?,
                    fee_bps: u16::from(args.u8("platform fee")?),
                    positive_slippage_bps: 0,
                })
            }
            Arguments::AmountsFirst => {
                let mut numbers = Numbers {
                    steps: 0,
                    amount: args.u64("amount")?,
                    quoted: args.u64("quoted amount")?,
                    slippage_bps: args.u16("slippage")?,
                    fee_bps: args.u16("platform fee")?,
                    positive_slippage_bps: args.u16("positive slippage")?,
                };
                numbers.steps = plan::read_or_skip(args)?;
                Ok(numbers)
            }
        }
    }
}

/// Slippage, fees and who gets them.
pub(super) fn terms(
    call: &Call<'_>,
    route: &Route,
    numbers: &Numbers,
) -> Result<Terms, DecodeError> {
    if numbers.slippage_bps > FULL_BPS || numbers.fee_bps > FULL_BPS {
        return Err(call.refuse(
            DecodeErrorKind::UnboundedTrade,
            format!(
                "a slippage of {} and a platform fee of {} basis points, at most {FULL_BPS} make \
                 sense",
                numbers.slippage_bps, numbers.fee_bps
            ),
        ));
    }
    let fee = match route.slots.fee {
        Some(slot) => call.optional(slot)?.map(|account| (slot, account)),
        None => None,
    };
    let fee_account = match fee {
        Some((slot, account)) if account.key.is_none() && numbers.fee_bps > 0 => {
            return call.key(slot).map(|_| Terms::default());
        }
        Some((_, account)) => account.key,
        None => None,
    };
    Ok(Terms {
        quote: Some(quote(numbers.quoted, numbers.slippage_bps)),
        platform_fee_bps: numbers.fee_bps,
        positive_slippage_bps: numbers.positive_slippage_bps,
        fee_account,
        ..Terms::default()
    })
}

/// The most spent and the least received.
pub(super) fn bounds(route: &Route, numbers: &Numbers) -> Bounds {
    if route.exact_out {
        let slack = numbers.slippage_bps.saturating_add(numbers.fee_bps);
        Bounds::exact_out(numbers.amount, most_spent(numbers.quoted, slack))
    } else {
        let least = least_received(numbers.quoted, numbers.slippage_bps, numbers.fee_bps);
        Bounds::exact_in(numbers.amount, least)
    }
}
