//! `max_rent`: lamports that make new accounts rent-exempt.

use countersign_intent::{Amount, Asset};

use crate::request::{AssetOf, money};
use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "max_rent";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxRent(Amount);

impl MaxRent {
    /// Whether no rent at all is paid.
    pub(crate) fn is_none(self) -> bool {
        self.0 == Amount::ZERO
    }
}

impl Default for MaxRent {
    /// 0.02 SOL, about nine token accounts.
    fn default() -> Self {
        Self(Amount::from_base(20_000_000))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss {
    got: Amount,
    max: Amount,
}

impl Sentence for Miss {
    fn sentence(&self, set: &PolicySet) -> String {
        let sol = |amount: Amount| money(set, AssetOf::Known(Asset::SOL), amount.base());
        format!("rent of {} is over {KEY} {}", sol(self.got), sol(self.max))
    }
}

impl Term for MaxRent {
    const KEYS: &'static [Key] = &[Key::bound(KEY, "\"0.02 SOL\"", "0.02 SOL")];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        source.lamports(KEY).map_or_else(Self::default, Self)
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        inner.0 <= self.0
    }
}

impl Bound for MaxRent {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let (got, max) = (permission.request.rent, self.0);
        if got > max {
            Err(Miss { got, max })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for MaxRent {
    fn samples() -> Vec<crate::term::sample::Sample> {
        let values = ["\"0 SOL\"", "\"0.02 SOL\"", "\"1 SOL\""];
        vec![crate::term::sample::Sample::of(KEY, values).widest("\"9 SOL\"")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{NONCE, beside_payment, lamports};
        let rent = |amount| countersign_intent::solana::Detail::RentDeposit {
            account: NONCE,
            amount: lamports(amount),
        };
        vec![
            beside_payment(vec![rent(10)]),
            beside_payment(vec![rent(30)]),
        ]
    }
}
