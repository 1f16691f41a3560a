//! Whether a request stays within the bounds of a permission, and which one it exceeds.

use countersign_intent::solana::{self, AssertedFact, Detail, Swap};
use countersign_intent::{Address, Amount, Asset, Span, Timestamp};

use crate::facts::Facts;
use crate::matching::{self, ScopeMiss};
use crate::price::{self, Unpriced};
use crate::request::{AssetOf, Request, Subject, money};
use crate::rule::{AnyOf, Bounds, DEFAULT_FEE_CAP, Rule, Then};
use crate::set::PolicySet;

/// Why a rule that is about an effect does not permit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Miss<'a> {
    /// It is not about it after all: something the message does not tell, or a cooldown.
    Scope(ScopeMiss),
    /// More than `max_amount`.
    MaxAmount(AssetOf, u128, &'a str),
    /// Not more than `over_amount`.
    OverAmount(AssetOf, u128, &'a str),
    PriorityFee(Amount, Amount),
    Tip(Amount, Amount),
    /// Priority fee and tips, against what bounds them together.
    Fees(Amount, Amount, &'static str),
    Rent(Amount, Amount),
    AccountsOpened(usize, u16),
    NothingReceived,
    Slippage(u16, u16),
    PlatformFee(u16, u16),
    PositiveSlippage(u16, u16),
    FeeAccount,
    Exposed(u16, u16),
    /// An order that waits until then, and how long it may; `None` where that is over already.
    Order(Timestamp, Option<Span>),
    Value(u128, u16),
    Unpriced(Unpriced),
    /// A memo that is none of these.
    Memo(&'a [Box<str>]),
    DurableNonce,
    Cosigners(usize),
    NotAsserted(&'static str),
    NotAssertedLamports(Amount),
}

impl Miss<'_> {
    pub(crate) fn sentence(&self, set: &PolicySet) -> String {
        let sol = |amount: &Amount| money(set, AssetOf::Known(Asset::Sol), amount.base());
        let over = |what: &str, got: &Amount, key: &str, max: &Amount| {
            format!("{} {key} {}", what.replace("{}", &sol(got)), sol(max))
        };
        match self {
            Self::Scope(miss) => miss.to_string(),
            Self::MaxAmount(asset, amount, most) => {
                format!("{} is over max_amount {most}", money(set, *asset, *amount))
            }
            Self::OverAmount(asset, amount, line) => {
                let amount = money(set, *asset, *amount);
                format!("{amount} is not over over_amount {line}")
            }
            Self::PriorityFee(got, max) => {
                over("priority fee {} is over", got, "max_priority_fee", max)
            }
            Self::Tip(got, max) => over("tips of {} are over", got, "max_tip", max),
            Self::Fees(got, max, key) => {
                over("priority fee and tips of {} are over", got, key, max)
            }
            Self::Rent(got, max) => over("rent of {} is over", got, "max_rent", max),
            Self::AccountsOpened(got, max) => {
                format!("{got} accounts opened are over max_accounts_opened {max}")
            }
            Self::NothingReceived => "the trade does not have to receive anything".to_owned(),
            Self::Slippage(got, max) => {
                format!("slippage {got} bps is over max_slippage_bps {max}")
            }
            Self::PlatformFee(got, max) => {
                format!("platform fee {got} bps is over max_platform_fee_bps {max}")
            }
            Self::PositiveSlippage(got, max) => {
                format!("positive slippage {got} bps is over max_positive_slippage_bps {max}")
            }
            Self::FeeAccount => "integrator fees go to an account not in fee_accounts".to_owned(),
            Self::Exposed(got, max) => exposed_sentence(*got, *max),
            Self::Order(until, most) => order_sentence(*until, *most),
            Self::Value(got, least) => format!(
                "the least received is worth {got} bps of what is given, under min_value_ratio \
                 {least} bps"
            ),
            Self::Unpriced(why) => why.sentence(set).to_string(),
            Self::NotAsserted(what) => {
                format!(
                    "the message does not assert at its end that the wallet {what}; that is what asserts asks for"
                )
            }
            Self::NotAssertedLamports(least) => format!(
                "the message does not assert at its end that the wallet holds {}; that is what \
                 asserts_lamports asks for",
                sol(least)
            ),
            Self::Memo(listed) => not_listed(listed),
            Self::DurableNonce => {
                "the signature would not expire; that needs durable_nonce = true".to_owned()
            }
            Self::Cosigners(count) => {
                format!("{count} other keys have to sign too; that needs allow_cosigners = true")
            }
        }
    }
}

fn not_listed(memos: &[Box<str>]) -> String {
    if memos.is_empty() {
        return "the message has a memo, and memo is \"none\"".to_owned();
    }
    let memos: Vec<String> = memos.iter().map(|memo| format!("{memo:?}")).collect();
    let memos = memos.join(", ");
    format!("the message has a memo that is not one of memo {memos}")
}

/// The first bound that the request exceeds, seen from one of its effects.
pub(crate) fn check<'a>(
    rule: &'a Rule,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> Result<(), Miss<'a>> {
    let bounds = &rule.bounds;
    fees(bounds, request)?;
    if request.rent > bounds.max_rent {
        return Err(Miss::Rent(request.rent, bounds.max_rent));
    }
    if request.accounts_opened > usize::from(bounds.max_accounts_opened) {
        let opened = request.accounts_opened;
        return Err(Miss::AccountsOpened(opened, bounds.max_accounts_opened));
    }
    if matching::is_durable(request.intent.lifetime()) && !bounds.durable_nonce {
        return Err(Miss::DurableNonce);
    }
    asserted(bounds, request)?;
    memos(bounds, request)?;
    let device_signs = matches!(&rule.then, Then::Approve(asked) if asked.ledger_cosign);
    let others = further_signers(request);
    if others > 0 && !bounds.cosigners && !device_signs {
        return Err(Miss::Cosigners(others));
    }
    match subject.effect.detail() {
        countersign_intent::Detail::Solana(Detail::Swap(trade)) => {
            swap(bounds, request, trade, facts)
        }
        countersign_intent::Detail::Solana(_) => Ok(()),
    }
}

/// Who else has to sign, besides the mints that the message launches: those are new keys of nobody's.
fn further_signers(request: &Request<'_>) -> usize {
    let launched = |key: &Address| {
        let mut details = solana::details(request.intent);
        details.any(|detail| matches!(detail, Detail::Launch(launch) if launch.mint == *key))
    };
    let cosigners = request.intent.cosigners().iter();
    cosigners.filter(|key| !launched(key)).count()
}

fn asserted<'a>(bounds: &Bounds, request: &Request<'_>) -> Result<(), Miss<'a>> {
    let wallet = request.intent.wallet();
    let holds = |wanted: &dyn Fn(AssertedFact) -> bool| {
        let mut asserted = request.intent.asserted().iter();
        asserted.any(|one| one.account == wallet && wanted(one.fact))
    };
    let asserts = &bounds.asserts;
    if asserts.owner && !holds(&|fact| fact == AssertedFact::OwnedBySystem) {
        return Err(Miss::NotAsserted("belongs to System"));
    }
    if asserts.data && !holds(&|fact| fact == AssertedFact::NoData) {
        return Err(Miss::NotAsserted("holds no data"));
    }
    let keeps =
        |least| holds(&|fact| matches!(fact, AssertedFact::LamportsAtLeast(kept) if kept >= least));
    match asserts.lamports {
        Some(least) if !keeps(least) => Err(Miss::NotAssertedLamports(least)),
        _ => Ok(()),
    }
}

/// A message without a memo is within every list: adding one must never permit what was refused.
fn memos<'a>(bounds: &'a Bounds, request: &Request<'_>) -> Result<(), Miss<'a>> {
    let AnyOf::These(listed) = &bounds.memos else {
        return Ok(());
    };
    let unlisted = |detail: &Detail| match detail {
        Detail::Memo { text } => !listed.iter().any(|one| **one == **text),
        _ => false,
    };
    if solana::details(request.intent).any(unlisted) {
        return Err(Miss::Memo(listed));
    }
    Ok(())
}

fn fees<'a>(bounds: &Bounds, request: &Request<'_>) -> Result<(), Miss<'a>> {
    let (priority, tips) = (request.priority_fee, request.tips);
    let both = priority.saturating_add(tips);
    match (bounds.max_priority_fee, bounds.max_tip) {
        (None, None) if both > DEFAULT_FEE_CAP => {
            Err(Miss::Fees(both, DEFAULT_FEE_CAP, "the built-in bound of"))
        }
        (Some(max), None) if both > max => Err(if tips == Amount::ZERO {
            Miss::PriorityFee(priority, max)
        } else {
            Miss::Fees(both, max, "max_priority_fee")
        }),
        (given, Some(_)) if priority > given.unwrap_or(DEFAULT_FEE_CAP) => Err(Miss::PriorityFee(
            priority,
            given.unwrap_or(DEFAULT_FEE_CAP),
        )),
        (_, Some(max)) if tips > max => Err(Miss::Tip(tips, max)),
        _ => Ok(()),
    }
}

fn swap<'a>(
    bounds: &Bounds,
    request: &Request<'_>,
    swap: &Swap,
    facts: &Facts<'_>,
) -> Result<(), Miss<'a>> {
    if swap.receive_min == Amount::ZERO {
        return Err(Miss::NothingReceived);
    }
    if let (Some(max), Some(quote)) = (bounds.max_slippage_bps, swap.quote)
        && quote.slippage_bps > max
    {
        return Err(Miss::Slippage(quote.slippage_bps, max));
    }
    let (platform, positive) = (swap.platform_fee_bps, swap.positive_slippage_bps);
    if platform > bounds.max_platform_fee_bps {
        return Err(Miss::PlatformFee(platform, bounds.max_platform_fee_bps));
    }
    if positive > bounds.max_positive_slippage_bps {
        return Err(Miss::PositiveSlippage(
            positive,
            bounds.max_positive_slippage_bps,
        ));
    }
    let fees_are_paid = platform > 0 || positive > 0;
    let to_known_account = match (&bounds.fee_accounts, swap.fee_account) {
        (AnyOf::Any, _) => true,
        (AnyOf::These(known), Some(account)) => known.contains(&account),
        (AnyOf::These(_), None) => false,
    };
    if fees_are_paid && !to_known_account {
        return Err(Miss::FeeAccount);
    }
    if swap.exposed_accounts > bounds.max_exposed_accounts {
        return Err(Miss::Exposed(
            swap.exposed_accounts,
            bounds.max_exposed_accounts,
        ));
    }
    order(bounds, swap.expires_at, facts.now)?;
    match bounds.min_value_bps {
        None => Ok(()),
        Some(least) => fair(request.set, facts, swap, least),
    }
}

fn exposed_sentence(got: u16, max: u16) -> String {
    format!(
        "{got} further accounts that are or may be the wallet's are within reach of the trade's \
         exchanges, over max_exposed_accounts {max}; ask for a route through shared accounts, or \
         with every account named"
    )
}

fn order_sentence(until: Timestamp, most: Option<Span>) -> String {
    match most {
        Some(most) => format!(
            "the order waits to be filled until {until}, over max_order_lifetime {most} from now"
        ),
        None => format!("the order's expiry {until} is not in the future; state one that is"),
    }
}

/// Whether an order ends soon enough.
fn order<'a>(bounds: &Bounds, until: Option<Timestamp>, now: Timestamp) -> Result<(), Miss<'a>> {
    match until {
        None => Ok(()),
        Some(until) if until <= now => Err(Miss::Order(until, None)),
        Some(until) if until > now.saturating_add(bounds.max_order_lifetime) => {
            Err(Miss::Order(until, Some(bounds.max_order_lifetime)))
        }
        Some(_) => Ok(()),
    }
}

/// Whether what must arrive is worth enough of what may leave.
fn fair<'a>(set: &PolicySet, facts: &Facts<'_>, swap: &Swap, least: u16) -> Result<(), Miss<'a>> {
    let given = price::value(set, facts, swap.spend, swap.spend_max.base());
    let given = given.map_err(Miss::Unpriced)?;
    let (price, scale) = price::price(set, facts, swap.receive).map_err(Miss::Unpriced)?;
    let overflow = Miss::Unpriced(Unpriced::Overflow(swap.receive));
    let received = swap.receive_min.base().checked_mul(u128::from(price));
    // Rounded down: what arrives is never taken for more than it is.
    let received = received.ok_or(overflow)? / scale;
    let scaled = received.checked_mul(10_000).ok_or(overflow)?;
    let needed = given.checked_mul(u128::from(least)).ok_or(overflow)?;
    if scaled >= needed {
        return Ok(());
    }
    Err(Miss::Value(scaled.checked_div(given).unwrap_or(0), least))
}
