//! What a trade does not name as the wallet's belongs to the exchange: an account of the wallet
//! there would be paid from, or paid into, without a word in what is explained.

use countersign_intent::solana::{Address, Asset, WRAPPED_SOL_MINT};

use crate::{DecodeError, DecodeErrorKind};

use super::account::Account;
use super::call::Call;
use super::swap::Terms;
use super::walk::{Walk, own_candidates};

impl Walk<'_> {
    /// Refuses a trade that lists an account of the wallet where the exchange expects its own.
    /// Tokens move within a mint, so only accounts of the two that are traded matter.
    pub(crate) fn check_pool_side(
        &mut self,
        call: &Call<'_>,
        traded: [Asset; 2],
        terms: &Terms,
    ) -> Result<(), DecodeError> {
        let named = terms.plan_from.unwrap_or(call.slot_count());
        let mut pools = Vec::with_capacity(named);
        for slot in 0..named {
            let account = call.account(slot)?;
            let is_named = self.facts.expects_own(slot) || call.is_wallets(&account);
            let takes_fees = account.key.is_some() && account.key == terms.fee_account;
            if account.writable && !is_named && !takes_fees {
                pools.push(account);
            }
        }
        if self.own_of_mints(call, &pools, &traded.map(mint))? == 0 {
            return Ok(());
        }
        Err(call.refuse(
            DecodeErrorKind::WrongAccounts,
            "an account of the wallet stands where the exchange expects one of its own; name it \
             only where the wallet pays or receives",
        ))
    }

    fn own_of_mints(
        &mut self,
        call: &Call<'_>,
        accounts: &[Account],
        mints: &[Address; 2],
    ) -> Result<usize, DecodeError> {
        let wallet = self.wallet();
        let candidates = mints.iter().flat_map(|mint| own_candidates(wallet, *mint));
        self.own_among(call, accounts, candidates)
    }
}

const fn mint(asset: Asset) -> Address {
    match asset {
        Asset::Sol => WRAPPED_SOL_MINT,
        Asset::Token(mint) => mint,
    }
}
