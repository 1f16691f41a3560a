//! `max_exposed_accounts`: own accounts within reach of a trade's exchanges besides those it names.

use crate::set::PolicySet;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const KEY: &str = "max_exposed_accounts";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MaxExposedAccounts(u16);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Miss {
    got: u16,
    max: u16,
}

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        let Self { got, max } = self;
        format!(
            "{got} further accounts that are or may be the wallet's are within reach of the trade's \
             exchanges, over {KEY} {max}; ask for a route through shared accounts, or with every account \
             named"
        )
    }
}

impl Term for MaxExposedAccounts {
    const KEYS: &'static [Key] = &[Key::bound(
        KEY,
        "0",
        "**0**: a trade is refused whose exchanges could spend from accounts of the wallet that it does \
         not name; see below",
    )];

    const NOTE: &'static str = "`max_exposed_accounts` is about Jupiter's plain routes (`route`, \
        `exact_out_route` and their `_v2`). They pass the wallet's signature on to every exchange of the \
        plan, with accounts that whoever made the plan chose. Counted are, besides the trade's own two: \
        accounts that are the wallet's by the mints that the policy, the request or the message names; \
        writable accounts from lookup tables, which could be anybody's; the source again, if the plan has \
        several steps; and the wallet's SOL, if a step could send it. Routes through shared accounts \
        expose nothing. *A bot that asks for routes through shared accounts, or with every account in the \
        message, needs no exception. If yours cannot, keep little else in its wallet.*";

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        Self(source.number(KEY, u16::MAX).unwrap_or(0))
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        inner.0 <= self.0
    }
}

impl Bound for MaxExposedAccounts {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let max = self.0;
        match permission.subject.swap().map(|swap| swap.exposed_accounts) {
            Some(got) if got > max => Err(Miss { got, max }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for MaxExposedAccounts {
    fn samples() -> Vec<crate::term::sample::Sample> {
        vec![crate::term::sample::Sample::of(KEY, ["0", "1", "2"]).widest("9")]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{swap, trade};
        let exposing = |exposed_accounts| {
            trade(countersign_intent::solana::Swap {
                exposed_accounts,
                ..swap()
            })
        };
        vec![exposing(1), exposing(2)]
    }
}
