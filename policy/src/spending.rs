//! Limits: what a request adds to which windows, and whether it fits.

use countersign_intent::Amount;

use crate::decision::{Reason, ReasonCode, Reservation};
use crate::explain::ExplainedLimit;
use crate::facts::Facts;
use crate::limit::{Cap, Limit, LimitKey, Per, Scope};
use crate::price;
use crate::request::{AssetOf, Request, Subject, UNBOUNDED, symbol};
use crate::set::PolicySet;
use crate::term::{Context, Purpose};

/// The windows of every limit that could match, whatever the hour.
pub(crate) fn keys(request: &Request<'_>) -> Vec<LimitKey> {
    let mut keys = Vec::new();
    for limit in limits(request) {
        for subject in counted(limit, request) {
            for scope in scopes(limit.per, request, subject) {
                let key = limit.key(scope);
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
    }
    keys
}

/// What to count, with every limit that does not allow it added to `reasons`.
pub(crate) fn reserve(
    request: &Request<'_>,
    facts: &Facts<'_>,
    reasons: &mut Vec<Reason>,
) -> Vec<Reservation> {
    let most = request.set.limits.len() + request.wallet.limits.len();
    let mut reservations = Vec::with_capacity(most);
    let mut sums = Vec::new();
    for limit in limits(request) {
        if let Err(why) = sum_up(limit, request, facts, &mut sums) {
            reasons.push(policy_denied(limit, why));
            continue;
        }
        for (scope, asked) in sums.drain(..).filter(|(_, asked)| *asked > 0) {
            let key = limit.key(scope);
            reasons.extend(overspent(request.set, limit, &key, asked, facts));
            reservations.push(Reservation { key, amount: asked });
        }
    }
    reservations
}

/// Every limit that applies, with its numbers.
pub(crate) fn tell(request: &Request<'_>, facts: &Facts<'_>) -> Vec<ExplainedLimit> {
    let mut told = Vec::new();
    let mut sums = Vec::new();
    for limit in limits(request) {
        match sum_up(limit, request, facts, &mut sums) {
            Err(why) => told.push(ExplainedLimit {
                limit: limit.name().into(),
                scope: None,
                numbers: why,
                fits: false,
            }),
            Ok(()) => told.extend(
                sums.drain(..)
                    .map(|(scope, asked)| told_of(request.set, limit, scope, asked, facts)),
            ),
        }
    }
    told
}

fn told_of(
    set: &PolicySet,
    limit: &Limit,
    scope: Scope,
    asked: u128,
    facts: &Facts<'_>,
) -> ExplainedLimit {
    let key = limit.key(scope.clone());
    let used = facts
        .usage
        .window(&key)
        .map(|window| window.used(facts.now));
    ExplainedLimit {
        limit: limit.name().into(),
        numbers: used.map_or_else(
            || format!("what was used by {scope} is not known"),
            |used| numbers(set, limit, used, asked),
        ),
        scope: Some(scope),
        fits: asked == 0 || overspent(set, limit, &key, asked, facts).is_none(),
    }
}

/// Puts into `sums` what the request adds to the limit now, by scope.
///
/// # Errors
/// Why that cannot be told.
fn sum_up(
    limit: &Limit,
    request: &Request<'_>,
    facts: &Facts<'_>,
    sums: &mut Vec<(Scope, u128)>,
) -> Result<(), String> {
    sums.clear();
    if !limit.when.hours.include(facts.now) {
        return Ok(());
    }
    for subject in counted(limit, request) {
        let asked = asked(limit, request, subject, facts)?;
        // But for destinations the scope is the same for every effect of the request.
        if let (Some((_, sum)), true) = (sums.first_mut(), limit.per != Per::Destination) {
            add(limit, sum, asked);
            continue;
        }
        for scope in scopes(limit.per, request, subject) {
            match sums.iter_mut().find(|(of, _)| *of == scope) {
                Some((_, sum)) => add(limit, sum, asked),
                None => sums.push((scope, asked)),
            }
        }
    }
    Ok(())
}

fn add(limit: &Limit, sum: &mut u128, asked: u128) {
    *sum = match limit.cap {
        Cap::Count(_) => asked,
        Cap::Amount { .. } | Cap::MicroUsd(_) => sum.saturating_add(asked),
    };
}

fn limits<'a>(request: &'a Request<'_>) -> impl Iterator<Item = &'a Limit> {
    request.set.limits.iter().chain(request.wallet.limits)
}

fn counted<'r, 'a>(
    limit: &'r Limit,
    request: &'r Request<'a>,
) -> impl Iterator<Item = &'r Subject<'a>> {
    let when = &limit.when;
    request.subjects.iter().filter(move |subject| {
        let context = Context {
            request,
            subject,
            purpose: Purpose::Count,
        };
        when.means(&context) && when.amount.stop(subject)
    })
}

/// Whose windows an effect counts in: of what is sent, those of the owner and of the account.
fn scopes(
    per: Per,
    request: &Request<'_>,
    subject: &Subject<'_>,
) -> impl Iterator<Item = Scope> + use<> {
    let (one, two) = match per {
        Per::Wallet => (Scope::Wallet(request.wallet.id), None),
        Per::User => (Scope::User(request.wallet.user), None),
        Per::Bot => (Scope::Bot(request.principal.clone()), None),
        Per::Venue => (Scope::Venue(request.intent.venue()), None),
        Per::Destination => {
            let mut receivers = subject.receivers.iter().map(Scope::Destination);
            let first = receivers.next();
            let own = Scope::Destination(request.intent.wallet());
            (first.unwrap_or(own), receivers.next())
        }
        Per::Global => (Scope::Global, None),
    };
    std::iter::once(one).chain(two)
}

fn asked(
    limit: &Limit,
    request: &Request<'_>,
    subject: &Subject<'_>,
    facts: &Facts<'_>,
) -> Result<u128, String> {
    let unbounded = || {
        format!(
            "how much the {} moves is unbounded",
            request.describe(subject)
        )
    };
    match (limit.cap, subject.asset) {
        (Cap::Count(_), _) => Ok(1),
        (_, AssetOf::Nothing) => Ok(0),
        (_, _) if subject.amount == UNBOUNDED => Err(unbounded()),
        (_, _) if subject.amount == 0 => Ok(0),
        (Cap::Amount { .. }, AssetOf::Known(_)) => Ok(subject.amount),
        (Cap::MicroUsd(_), AssetOf::Known(asset)) => {
            let value = price::value(request.set, facts, asset, subject.amount);
            value.map_err(|why| why.sentence(request.set).to_string())
        }
        (_, AssetOf::Unknown) => Err(format!(
            "which asset the {} moves is not known",
            request.describe(subject)
        )),
    }
}

fn overspent(
    set: &PolicySet,
    limit: &Limit,
    key: &LimitKey,
    asked: u128,
    facts: &Facts<'_>,
) -> Option<Reason> {
    let Some(window) = facts.usage.window(key) else {
        let why = format!("what was used by {} is not known", key.scope());
        return Some(policy_denied(limit, why));
    };
    let (used, max) = (window.used(facts.now), limit.cap.max());
    if used.checked_add(asked).is_some_and(|sum| sum <= max) {
        return None;
    }
    Some(Reason {
        code: ReasonCode::LimitExceeded,
        rule: Some(limit.name().into()),
        effect: None,
        message: format!(
            "limit `{}`: {}{}",
            limit.name,
            numbers(set, limit, used, asked),
            never(asked, max)
        ),
        retry_after: window.retry_after(facts.now, asked, max),
    })
}

/// What no waiting helps with.
const fn never(asked: u128, max: u128) -> &'static str {
    if asked > max {
        return "; it asks more than the whole limit, so no waiting helps: ask for less, or change the \
                limit";
    }
    ""
}

/// Limit, used and asked in the limit's unit, e.g. `limit 50 SOL per 24h, used 49.2, asked 1`.
fn numbers(set: &PolicySet, limit: &Limit, used: u128, asked: u128) -> String {
    let window = limit.window;
    match limit.cap {
        Cap::Amount {
            asset,
            max,
            decimals,
        } => {
            let show = |units| Amount::from_base(units).display(decimals).to_string();
            let (max, used, asked) = (show(max.base()), show(used), show(asked));
            let asset = symbol(set, asset);
            format!("limit {max} {asset} per {window}, used {used}, asked {asked}")
        }
        Cap::MicroUsd(max) => {
            let show = |micros| Amount::from_base(micros).display(6).to_string();
            let (max, used, asked) = (show(max), show(used), show(asked));
            format!("limit {max} USD per {window}, used {used}, asked {asked}")
        }
        Cap::Count(max) => {
            format!("limit {max} requests per {window}, used {used}, asked {asked}")
        }
    }
}

fn policy_denied(limit: &Limit, why: String) -> Reason {
    Reason {
        code: ReasonCode::PolicyDenied,
        rule: Some(limit.name().into()),
        effect: None,
        message: format!("limit `{}`: {why}", limit.name),
        retry_after: None,
    }
}
