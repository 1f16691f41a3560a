//! Where a rule lets value out without people and without a bound that holds over time: with one
//! signature after another all of it leaves.

use std::collections::BTreeSet;

use countersign_intent::{Action, Asset, KnownAsset, Span};

use super::Findings;
use crate::cover;
use crate::limit::{Cap, Limit};
use crate::request::symbol;
use crate::rule::{AnyOf, Rule, Then};
use crate::set::PolicySet;
use crate::term::Outflow;

/// A limit over less time bounds a burst, not a loss.
const SHORTEST_WINDOW: Span = Span::from_secs(60 * 60);
/// A trade that has to return less than this is no trade at a price: half, in basis points.
const LEAST_PRICE_BOUND: u16 = 5_000;

/// Losses through what the rule is about.
pub(super) fn rule(findings: &mut Findings, set: &PolicySet, subject: &str, rule: &Rule) {
    if rule.then != Then::Allow {
        return;
    }
    if rule.when.action.has(Action::Trade) && !has_price_bound(set, rule) {
        trade(findings, set, subject, rule);
    }
    if rule.when.action.names(Action::Launch) {
        launch(findings, set, subject, rule);
    }
    if rule.when.action.has(Action::Withdrawal) {
        withdrawal(findings, set, subject, rule);
    }
    let power = rule.when.action.has(Action::Authority);
    if power && rule.when.destination.written && rule.when.destination.listed.is_any() {
        findings.error(
            subject,
            "it hands power over accounts to anybody, with nobody asked; name a `destination`, or \
             let people approve it",
        );
    }
}

fn trade(findings: &mut Findings, set: &PolicySet, subject: &str, rule: &Rule) {
    let open = uncounted(set, rule, Action::Trade);
    if !open.is_empty() {
        findings.error(
            subject,
            format!(
                "it can sell all {open} for next to nothing, one trade after another; write \
                 `min_value_ratio`, or a limit over trades in `max_amount` or `max_usd` over an \
                 hour or longer, or a `mint_out` list of assets that are well known or declared as \
                 [assets.NAME]"
            ),
        );
    } else if spends_anything(rule) && !has_dollar_limit(set, rule, Action::Trade) {
        findings.note(
            subject,
            "tokens that the policy does not name can be sold for next to nothing; name what may \
             be given in `mint_in`, or limit it in `max_usd`",
        );
    }
}

/// A coin that somebody makes up is worth nothing, so no price bounds what is spent on it.
fn launch(findings: &mut Findings, set: &PolicySet, subject: &str, rule: &Rule) {
    let gives_sol = may_leave(set, rule).contains(&Asset::SOL);
    if gives_sol && !is_counted(set, rule, Action::Launch, Asset::SOL) {
        findings.error(
            subject,
            "it can spend all SOL on coins that are launched, one after another; add a limit over \
             `action = \"launch\"` in `max_amount` or `max_usd` over an hour or longer",
        );
    }
}

fn withdrawal(findings: &mut Findings, set: &PolicySet, subject: &str, rule: &Rule) {
    let open = uncounted(set, rule, Action::Withdrawal);
    if !open.is_empty() {
        findings.error(
            subject,
            format!(
                "it lets all {open} out, one withdrawal after another; add a limit over \
                 withdrawals in `max_amount` or `max_usd` over an hour or longer, or let people \
                 approve it"
            ),
        );
    } else if spends_anything(rule) && !has_dollar_limit(set, rule, Action::Withdrawal) {
        findings.note(
            subject,
            "tokens that the policy does not name leave without a limit; name the `asset`, or \
             limit it in `max_usd`",
        );
    }
}

/// Priority fees, tips and rent, which come with every request that is allowed.
pub(super) fn costs(findings: &mut Findings, set: &PolicySet) {
    let allowing = || set.rules.iter().filter(|rule| rule.then == Then::Allow);
    let open = |action: Action, pays: fn(&Rule) -> bool| -> Vec<String> {
        let rules = allowing().filter(|rule| pays(rule));
        let rules = rules.filter(|rule| !is_counted(set, rule, action, Asset::SOL));
        rules.map(|rule| format!("`{}`", rule.name)).collect()
    };
    for (what, action, rules) in [
        (
            "priority fees and tips have",
            "fee",
            open(Action::Fee, pays_fees),
        ),
        (
            "rent has",
            "housekeeping",
            open(Action::Housekeeping, pays_rent),
        ),
    ] {
        if !rules.is_empty() {
            findings.error(
                "policy",
                format!(
                    "{what} no limit over time, so with what {} allow a wallet is emptied; \
                     add a limit with `when = {{ action = [\"fee\", \"housekeeping\"], asset = \
                     \"SOL\" }}`, `per = \"wallet\"`, `window = \"24h\"` and `max_amount` (it has \
                     to count `{action}`)",
                    rules.join(", ")
                ),
            );
        }
    }
}

fn pays_fees(rule: &Rule) -> bool {
    !rule.bounds.fees.are_none()
}

fn pays_rent(rule: &Rule) -> bool {
    !rule.bounds.max_rent.is_none()
}

fn has_price_bound(set: &PolicySet, rule: &Rule) -> bool {
    let bound = rule.bounds.min_value_ratio.0;
    bound.is_some_and(|least| least >= LEAST_PRICE_BOUND) || receives_no_junk(set, rule)
}

/// Whether what is received is one of assets that somebody vouches for.
fn receives_no_junk(set: &PolicySet, rule: &Rule) -> bool {
    let vouched = |asset: &Asset| KnownAsset::of(*asset).is_some() || set.asset(*asset).is_some();
    match &rule.when.mint_out.0 {
        AnyOf::Any => false,
        AnyOf::These(list) => list.iter().all(vouched),
    }
}

/// The assets that may leave and that no limit counts, in words.
fn uncounted(set: &PolicySet, rule: &Rule, action: Action) -> String {
    let open = may_leave(set, rule).into_iter();
    let open = open.filter(|asset| !is_counted(set, rule, action, *asset));
    let names: BTreeSet<String> = open.map(|asset| symbol(set, asset)).collect();
    Vec::from_iter(names).join(", ")
}

/// The assets that a rule lets out by name: those it lists, or those that have a name at all.
fn may_leave(set: &PolicySet, rule: &Rule) -> Vec<Asset> {
    let when = &rule.when;
    let listed = |list: &AnyOf<Asset>| match list {
        AnyOf::Any => None,
        AnyOf::These(list) => Some(list.clone()),
    };
    let named = || {
        let mut all: Vec<Asset> = KnownAsset::all().map(|known| known.asset).collect();
        for one in &set.assets {
            if !all.contains(&one.asset) {
                all.push(one.asset);
            }
        }
        all
    };
    let list = listed(&when.asset.0).or_else(|| listed(&when.mint_in.0));
    let mut may = list.unwrap_or_else(named);
    may.retain(|asset| when.asset.0.has(asset) && when.mint_in.0.has(asset));
    may
}

const fn spends_anything(rule: &Rule) -> bool {
    rule.when.asset.0.is_any() && rule.when.mint_in.0.is_any()
}

fn is_counted(set: &PolicySet, rule: &Rule, action: Action, asset: Asset) -> bool {
    set.limits.iter().any(|limit| {
        let unit = match limit.cap {
            // A name that lives at several places is one limit over all of them.
            Cap::Amount { .. } => limit.when.asset.0.has(&asset),
            Cap::MicroUsd(_) => true,
            Cap::Count(_) => false,
        };
        unit && counts(set, limit, rule, action, asset)
    })
}

/// Whether a limit in dollars counts whatever the rule lets out.
fn has_dollar_limit(set: &PolicySet, rule: &Rule, action: Action) -> bool {
    set.limits.iter().any(|limit| {
        matches!(limit.cap, Cap::MicroUsd(_))
            && spends_anything_counted(limit)
            && counts(set, limit, rule, action, Asset::SOL)
    })
}

const fn spends_anything_counted(limit: &Limit) -> bool {
    limit.when.asset.0.is_any() && limit.when.mint_in.0.is_any()
}

fn counts(set: &PolicySet, limit: &Limit, rule: &Rule, action: Action, asset: Asset) -> bool {
    limit.window >= SHORTEST_WINDOW
        && cover::counts_all(
            super::placed(set, &limit.when),
            super::placed(set, &rule.when),
            Outflow { action, asset },
        )
}
