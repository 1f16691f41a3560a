//! Trades on order books, whose lots only a registered market turns into amounts.

use countersign_intent::solana::Address;

use crate::{DecodeError, DecodeErrorKind};

use super::call::Call;
use super::context::Market;
use super::swap::{Bounds, MintFrom, Side, Terms, unproven};
use super::walk::Walk;

/// Where an order names its accounts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slots {
    pub(crate) market: usize,
    pub(crate) base: usize,
    pub(crate) quote: usize,
}

/// What an order takes: whether it buys the base asset, and its bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    pub(crate) bid: bool,
    pub(crate) bounds: Bounds,
}

impl Walk<'_> {
    /// Adds the trade of an order that `read` bounds by the numbers of its market.
    pub(crate) fn take(
        &mut self,
        call: &Call<'_>,
        program: &'static str,
        slots: Slots,
        read: impl FnOnce(&Market) -> Result<Taken, DecodeError>,
    ) -> Result<(), DecodeError> {
        let market = self.market(call, slots.market)?;
        self.check_own_mint(call, slots.base, market.base_mint)?;
        self.check_own_mint(call, slots.quote, market.quote_mint)?;
        let taken = read(&market)?;
        let base = Side::Token(slots.base, MintFrom::Nowhere);
        let quote = Side::Token(slots.quote, MintFrom::Nowhere);
        let sides = if taken.bid {
            (quote, base)
        } else {
            (base, quote)
        };
        self.trade(call, program, sides, taken.bounds, Terms::default())
    }

    /// Proves that a slot holds the wallet's token account for a mint that is known otherwise.
    fn check_own_mint(
        &mut self,
        call: &Call<'_>,
        slot: usize,
        mint: Address,
    ) -> Result<(), DecodeError> {
        let account = call.account(slot)?;
        if self.is_own(call, &account, mint)? {
            return Ok(());
        }
        Err(unproven(call, slot, &account))
    }

    /// The registered market in a slot.
    fn market(&self, call: &Call<'_>, slot: usize) -> Result<Market, DecodeError> {
        let key = call.key(slot)?;
        let known = self
            .context
            .markets
            .iter()
            .find(|market| market.address == key);
        known.copied().ok_or_else(|| {
            call.refuse(
                DecodeErrorKind::UnboundedTrade,
                format!(
                    "market `{key}` is not registered, so its lots cannot be read as amounts; ask \
                     an operator to have it registered"
                ),
            )
        })
    }
}
