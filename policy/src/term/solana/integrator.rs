//! `max_platform_fee_bps`, `max_positive_slippage_bps` and `fee_accounts`: what an integrator takes of a
//! trade, and where to.
//!
//! They are one term since either fee needs an account to go to, and accounts matter only to fees.

use countersign_intent::Address;

use crate::document::value;
use crate::rule::AnyOf;
use crate::set::PolicySet;
use crate::term::source::list;
use crate::term::{Between, Bound, Key, Permission, Sentence, Source, Term, When};

const PLATFORM: &str = "max_platform_fee_bps";
const POSITIVE: &str = "max_positive_slippage_bps";
const ACCOUNTS: &str = "fee_accounts";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Integrator {
    platform: u16,
    positive: u16,
    /// Token accounts that its fees may go to.
    accounts: AnyOf<Address>,
}

impl Default for Integrator {
    fn default() -> Self {
        Self {
            platform: 0,
            positive: 0,
            accounts: AnyOf::These(Vec::new()),
        }
    }
}

/// Which fee is over which bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss {
    Platform(u16, u16),
    Positive(u16, u16),
    Account,
}

impl Sentence for Miss {
    fn sentence(&self, _: &PolicySet) -> String {
        match self {
            Self::Platform(got, max) => format!("platform fee {got} bps is over {PLATFORM} {max}"),
            Self::Positive(got, max) => {
                format!("positive slippage {got} bps is over {POSITIVE} {max}")
            }
            Self::Account => format!("integrator fees go to an account not in {ACCOUNTS}"),
        }
    }
}

impl Term for Integrator {
    const KEYS: &'static [Key] = &[
        Key::bound(
            PLATFORM,
            "20",
            "**0**: a trade that pays an integrator is refused",
        ),
        Key::bound(POSITIVE, "0", "**0**"),
        Key::bound(
            ACCOUNTS,
            "[\"…\"]",
            "none. Token accounts that integrator fees may go to; `\"any\"` for all.",
        ),
    ];

    type Miss<'a> = Miss;

    fn read(source: &Source<'_>, _: &When) -> Self {
        let unless_written = Self::default();
        Self {
            platform: source.basis_points(PLATFORM).unwrap_or(0),
            positive: source.basis_points(POSITIVE).unwrap_or(0),
            accounts: match source.get(ACCOUNTS) {
                None => unless_written.accounts,
                Some(field) => list(field, value::receiver),
            },
        }
    }

    fn covers(&self, inner: &Self, _: &Between<'_>) -> bool {
        inner.platform <= self.platform
            && inner.positive <= self.positive
            && self.accounts.includes(&inner.accounts)
    }
}

impl Bound for Integrator {
    #[inline]
    fn permits(&self, permission: &Permission<'_>) -> Result<(), Miss> {
        let Some(swap) = permission.subject.swap() else {
            return Ok(());
        };
        let (platform, positive) = (swap.platform_fee_bps, swap.positive_slippage_bps);
        if platform > self.platform {
            return Err(Miss::Platform(platform, self.platform));
        }
        if positive > self.positive {
            return Err(Miss::Positive(positive, self.positive));
        }
        let are_paid = platform > 0 || positive > 0;
        let to_known_account = match (&self.accounts, swap.fee_account) {
            (AnyOf::Any, _) => true,
            (AnyOf::These(known), Some(account)) => known.contains(&account),
            (AnyOf::These(_), None) => false,
        };
        if are_paid && !to_known_account {
            return Err(Miss::Account);
        }
        Ok(())
    }

    fn receivers(&self) -> &[Address] {
        match &self.accounts {
            AnyOf::These(accounts) => accounts,
            AnyOf::Any => &[],
        }
    }
}

#[cfg(test)]
impl crate::term::sample::Sampled for Integrator {
    fn samples() -> Vec<crate::term::sample::Sample> {
        use crate::term::sample::{FEES, SHOP, Sample};
        let accounts = [
            format!("[\"{FEES}\"]"),
            format!("[\"{FEES}\", \"{SHOP}\"]"),
            "\"any\"".to_owned(),
        ];
        let anywhere = "fee_accounts = \"any\"";
        vec![
            Sample::of(PLATFORM, ["0", "60", "100"])
                .widest("10000")
                .beside(anywhere),
            Sample::of(POSITIVE, ["0", "60", "100"])
                .widest("10000")
                .beside(anywhere),
            Sample::of(ACCOUNTS, accounts)
                .widest("\"any\"")
                .beside("max_platform_fee_bps = 10000"),
        ]
    }

    fn requests() -> Vec<countersign_intent::Intent> {
        use crate::term::sample::{FEES, SHOP, STRANGER, swap, trade};
        let fee = |platform_fee_bps, positive_slippage_bps, account| {
            trade(countersign_intent::solana::Swap {
                platform_fee_bps,
                positive_slippage_bps,
                fee_account: Some(account),
                ..swap()
            })
        };
        vec![
            fee(50, 0, FEES),
            fee(90, 0, SHOP),
            fee(50, 0, STRANGER),
            fee(0, 50, FEES),
            fee(0, 90, FEES),
        ]
    }
}
