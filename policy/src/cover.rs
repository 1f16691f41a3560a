//! Whether one `when` is about everything that another is about: what can be proven by
//! comparing key by key. `false` means only that it could not be proven.

use countersign_intent::{Action, Address, Amount, Asset};

use crate::rule::{AnyOf, Asserts, Bounds, DEFAULT_FEE_CAP, Hours, Rule, Then, Threshold, When};
use crate::set::{Destination, PolicySet};

/// A `when` with the policy whose destinations it names.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) set: &'a PolicySet,
    pub(crate) when: &'a When,
}

/// Whether everything in `inner` is in `outer`.
fn includes<T: PartialEq>(outer: &AnyOf<T>, inner: &AnyOf<T>) -> bool {
    match (outer, inner) {
        (AnyOf::Any, _) => true,
        (AnyOf::These(_), AnyOf::Any) => false,
        (AnyOf::These(outer), AnyOf::These(inner)) => inner.iter().all(|one| outer.contains(one)),
    }
}

/// Whether `outer` is about everything that `inner` is about, destinations and amounts aside.
fn scope_covers(outer: &When, inner: &When) -> bool {
    outer.actions.includes(inner.actions)
        && includes(&outer.venues, &inner.venues)
        && includes(&outer.wallets, &inner.wallets)
        && includes(&outer.users, &inner.users)
        && includes(&outer.bots, &inner.bots)
        && includes(&outer.tiers, &inner.tiers)
        && includes(&outer.programs, &inner.programs)
        && includes(&outer.assets, &inner.assets)
        && includes(&outer.mints_in, &inner.mints_in)
        && includes(&outer.mints_out, &inner.mints_out)
        && hours_cover(outer.hours, inner.hours)
}

/// Whether `limit` counts every effect of this action and asset in whatever `rule` permits.
pub(crate) fn counts_all(
    limit: Placed<'_>,
    rule: Placed<'_>,
    action: Action,
    asset: Asset,
) -> bool {
    let (outer, inner) = (limit.when, rule.when);
    let who = includes(&outer.venues, &inner.venues)
        && includes(&outer.wallets, &inner.wallets)
        && includes(&outer.users, &inner.users)
        && includes(&outer.bots, &inner.bots)
        && includes(&outer.tiers, &inner.tiers)
        && hours_cover(outer.hours, inner.hours);
    let what = outer.actions.has(action) && outer.assets.has(&asset) && outer.over_amount.is_none();
    let no_trade = outer.programs.is_any() && outer.mints_in.is_any() && outer.mints_out.is_any();
    let of_action = match action {
        Action::Trade | Action::Launch => {
            includes(&outer.programs, &inner.programs)
                && outer.mints_in.has(&asset)
                && includes(&outer.mints_out, &inner.mints_out)
                && outer.destinations.is_any()
        }
        Action::Withdrawal => no_trade && addresses_cover(limit, rule),
        Action::Fee | Action::Housekeeping | Action::Authority | Action::Stake => {
            no_trade && outer.destinations.is_any()
        }
    };
    who && what && of_action
}

fn hours_cover(outer: Option<Hours>, inner: Option<Hours>) -> bool {
    let within = |hours: Option<Hours>, minute| hours.is_none_or(|hours| hours.has(minute));
    (0..1440).all(|minute| within(outer, minute) || !within(inner, minute))
}

/// Whether `outer` touches (denies, demands, counts) every effect that `inner` touches.
pub(crate) fn touches_all(outer: Placed<'_>, inner: Placed<'_>) -> bool {
    scope_covers(outer.when, inner.when)
        && addresses_cover(outer, inner)
        && over_starts_no_later(
            outer.when.over_amount.as_ref(),
            inner.when.over_amount.as_ref(),
        )
}

/// Whether every address of `inner` is one of `outer`.
fn addresses_cover(outer: Placed<'_>, inner: Placed<'_>) -> bool {
    let (AnyOf::These(_), AnyOf::These(_)) = (&outer.when.destinations, &inner.when.destinations)
    else {
        return outer.when.destinations.is_any();
    };
    let outer: Vec<&Address> = named(outer).flat_map(|one| &one.solana).collect();
    let mut inner = named(inner).flat_map(|one| &one.solana);
    inner.all(|address| outer.contains(&address))
}

fn named(placed: Placed<'_>) -> impl Iterator<Item = &Destination> {
    let indices: &[usize] = match &placed.when.destinations {
        AnyOf::Any => &[],
        AnyOf::These(indices) => indices,
    };
    indices
        .iter()
        .filter_map(move |index| placed.set.destinations.get(*index))
}

/// Whether a demand or denial over `outer` begins where the one over `inner` does, or before.
fn over_starts_no_later(outer: Option<&Threshold>, inner: Option<&Threshold>) -> bool {
    all_assets(outer, |asset, line| {
        let inner = inner.and_then(|inner| inner.of(asset));
        inner.is_some_and(|inner| line <= inner)
    })
}

/// Whether a demand up to `outer` reaches as far as the one up to `inner`.
fn reaches_as_far(outer: Option<&Threshold>, inner: Option<&Threshold>) -> bool {
    all_assets(outer, |asset, most| {
        let inner = inner.and_then(|inner| inner.of(asset));
        inner.is_some_and(|inner| most >= inner)
    })
}

fn all_assets(threshold: Option<&Threshold>, holds: impl Fn(Asset, Amount) -> bool) -> bool {
    threshold.is_none_or(|threshold| {
        let mut each = threshold.per_asset.iter();
        each.all(|(asset, amount)| holds(*asset, *amount))
    })
}

/// Whether `outer` demands an approval wherever `inner` does, whatever they demand.
pub(crate) fn demands_all(outer: Placed<'_>, inner: Placed<'_>) -> bool {
    touches_all(outer, inner)
        && reaches_as_far(
            outer.when.max_amount.as_ref(),
            inner.when.max_amount.as_ref(),
        )
}

/// Whether `outer` permits everything that `inner` permits, whatever they demand for it.
pub(crate) fn permits_all(
    (outer_set, outer): (&PolicySet, &Rule),
    (inner_set, inner): (&PolicySet, &Rule),
) -> bool {
    let outer_when = Placed {
        set: outer_set,
        when: &outer.when,
    };
    let inner_when = Placed {
        set: inner_set,
        when: &inner.when,
    };
    let launches = |rule: &Rule| rule.when.actions.names(Action::Launch);
    scope_covers(&outer.when, &inner.when)
        && (launches(outer) || !launches(inner))
        && permitted_destinations_cover(outer_when, inner_when)
        && (outer.when.destination_written || !inner.when.destination_written)
        && amounts_cover(&outer.when, &inner.when)
        && bounds_cover(outer, inner)
}

/// Cooldowns count by name, so a destination is covered only by its namesake, or by `any`.
fn permitted_destinations_cover(outer: Placed<'_>, inner: Placed<'_>) -> bool {
    if outer.when.destinations.is_any() {
        return true;
    }
    if inner.when.destinations.is_any() {
        return false;
    }
    named(inner).all(|inner| {
        let mut namesakes = named(outer).filter(|outer| outer.name == inner.name);
        namesakes.any(|outer| {
            let listed = |address: &Address| outer.solana.binary_search(address).is_ok();
            inner.solana.iter().all(listed) && inner.cooldown >= outer.cooldown
        })
    })
}

/// Whether every amount that `inner` permits is one that `outer` permits.
fn amounts_cover(outer: &When, inner: &When) -> bool {
    let each = |outer: Option<&Threshold>,
                inner: Option<&Threshold>,
                holds: fn(Amount, Amount) -> bool| match (outer, inner) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(outer), Some(_)) => all_assets(inner, |asset, inner| {
            outer.of(asset).is_some_and(|outer| holds(outer, inner))
        }),
    };
    each(
        outer.max_amount.as_ref(),
        inner.max_amount.as_ref(),
        |outer, inner| outer >= inner,
    ) && each(
        outer.over_amount.as_ref(),
        inner.over_amount.as_ref(),
        |outer, inner| outer <= inner,
    )
}

fn bounds_cover(outer: &Rule, inner: &Rule) -> bool {
    let (wide, narrow) = (&outer.bounds, &inner.bounds);
    let at_most = |wide: Option<u16>, narrow: Option<u16>| match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow <= wide,
    };
    fees_cover(wide, narrow)
        && narrow.max_rent <= wide.max_rent
        && narrow.max_accounts_opened <= wide.max_accounts_opened
        && at_most(wide.max_slippage_bps, narrow.max_slippage_bps)
        && narrow.max_platform_fee_bps <= wide.max_platform_fee_bps
        && narrow.max_positive_slippage_bps <= wide.max_positive_slippage_bps
        && asserts_cover(wide.asserts, narrow.asserts)
        && narrow.max_exposed_accounts <= wide.max_exposed_accounts
        && narrow.max_order_lifetime <= wide.max_order_lifetime
        && includes(&wide.fee_accounts, &narrow.fee_accounts)
        && narrow.min_value_bps.unwrap_or(0) >= wide.min_value_bps.unwrap_or(0)
        && (narrow.min_value_bps.is_some() || wide.min_value_bps.is_none())
        && includes(&wide.memos, &narrow.memos)
        && (wide.durable_nonce || !narrow.durable_nonce)
        && (takes_cosigners(outer) || !takes_cosigners(inner))
}

// A permission that asks for less reaches further.
fn asserts_cover(wide: Asserts, narrow: Asserts) -> bool {
    (narrow.owner || !wide.owner) && (narrow.data || !wide.data) && narrow.lamports >= wide.lamports
}

fn takes_cosigners(rule: &Rule) -> bool {
    let device = matches!(&rule.then, Then::Approve(asked) if asked.ledger_cosign);
    rule.bounds.cosigners || device
}

/// How priority fee and tips are bounded.
enum Fees {
    Together(Amount),
    Each { priority: Amount, tips: Amount },
}

fn fees(bounds: &Bounds) -> Fees {
    let priority = bounds.max_priority_fee.unwrap_or(DEFAULT_FEE_CAP);
    match bounds.max_tip {
        None => Fees::Together(priority),
        Some(tips) => Fees::Each { priority, tips },
    }
}

fn fees_cover(wide: &Bounds, narrow: &Bounds) -> bool {
    match (fees(wide), fees(narrow)) {
        (Fees::Together(wide), Fees::Together(narrow)) => narrow <= wide,
        (Fees::Together(wide), Fees::Each { priority, tips }) => {
            priority.checked_add(tips).is_some_and(|both| both <= wide)
        }
        (Fees::Each { priority, tips }, Fees::Together(narrow)) => {
            narrow <= priority && narrow <= tips
        }
        (
            Fees::Each { priority, tips },
            Fees::Each {
                priority: p,
                tips: t,
            },
        ) => p <= priority && t <= tips,
    }
}

/// Whether nothing that `permission` permits is touched by `touch`: some key has nothing in
/// common.
pub(crate) fn apart(permission: Placed<'_>, touch: Placed<'_>) -> bool {
    let (a, b) = (permission.when, touch.when);
    !a.actions.meets(b.actions)
        || lists_apart(&a.venues, &b.venues)
        || lists_apart(&a.wallets, &b.wallets)
        || lists_apart(&a.users, &b.users)
        || lists_apart(&a.bots, &b.bots)
        || lists_apart(&a.tiers, &b.tiers)
        || lists_apart(&a.programs, &b.programs)
        || lists_apart(&a.assets, &b.assets)
        || lists_apart(&a.mints_in, &b.mints_in)
        || lists_apart(&a.mints_out, &b.mints_out)
        || addresses_apart(permission, touch)
        || amounts_apart(a, b)
}

fn lists_apart<T: PartialEq>(a: &AnyOf<T>, b: &AnyOf<T>) -> bool {
    match (a, b) {
        (AnyOf::These(a), AnyOf::These(b)) => !a.iter().any(|one| b.contains(one)),
        (AnyOf::These(list), AnyOf::Any) | (AnyOf::Any, AnyOf::These(list)) => list.is_empty(),
        (AnyOf::Any, AnyOf::Any) => false,
    }
}

/// Two lists without a common address are not apart: one may name the owner of a payment, the other
/// its account.
fn addresses_apart(a: Placed<'_>, b: Placed<'_>) -> bool {
    let reaches_nobody = |placed: Placed<'_>| {
        let mut addresses = named(placed).flat_map(|one| &one.solana);
        !placed.when.destinations.is_any() && addresses.next().is_none()
    };
    reaches_nobody(a) || reaches_nobody(b)
}

/// Whether a permission ends where the other begins, or begins where it ends.
fn amounts_apart(permission: &When, touch: &When) -> bool {
    let below = permission.max_amount.is_some()
        && all_assets(permission.max_amount.as_ref(), |asset, most| {
            let line = touch.over_amount.as_ref().and_then(|line| line.of(asset));
            line.is_some_and(|line| most <= line)
        });
    let above = permission.over_amount.is_some()
        && all_assets(permission.over_amount.as_ref(), |asset, line| {
            let most = touch.max_amount.as_ref().and_then(|most| most.of(asset));
            most.is_some_and(|most| most <= line)
        });
    (below && touch.over_amount.is_some()) || (above && touch.max_amount.is_some())
}
