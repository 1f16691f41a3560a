//! `max_accounts_opened`: token accounts that the message opens.

use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "max_accounts_opened";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MaxAccountsOpened(u16);

impl Default for MaxAccountsOpened {
    fn default() -> Self {
        Self(8)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss {
    got: usize,
    max: u16,
}

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        format!("{} accounts opened are over {KEY} {}", self.got, self.max)
    }
}

impl Term for MaxAccountsOpened {
    const KEYS: &'static [Key] = &[Key::bound(KEY, "8", "8")];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        source
            .number(KEY, u16::MAX)
            .map_or_else(Self::default, Self)
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        inner.0 <= self.0
    }
}

impl Bound for MaxAccountsOpened {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let (got, max) = (permission.request.accounts_opened, self.0);
        if got > usize::from(max) {
            Err(Miss { got, max })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for MaxAccountsOpened {
    fn samples() -> Vec<crate::term::sample::Sample> {
        vec![crate::term::sample::Sample::of(KEY, ["0", "1", "9"]).widest("9")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{WALLET, beside_payment};
        let open = |number| countersign_intent::solana::Detail::OpenAccount {
            account: countersign_intent::Address::new([number; 32]),
            owner: WALLET,
            asset: countersign_intent::solana::Asset::USDC,
        };
        vec![
            beside_payment(vec![open(11)]),
            beside_payment(vec![open(11), open(12)]),
        ]
    }
}
