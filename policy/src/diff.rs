//! Whether a new policy only tightens the old one.
//!
//! The comparison proves, part by part, that whatever the new policy releases the old one would
//! have released with no more people asked: every permission is within an old one, and every
//! denial, demand, limit and group of approvers is kept or made stricter. What it cannot prove
//! is a loosening. So is a name that is new, or means something else: people who agree to a later
//! rule read the name, so they have to have agreed to what it stands for.

mod addresses;

use std::collections::BTreeSet;

use countersign_intent::{Action, KnownAsset};

use crate::cover::{self, Placed};
use crate::rule::{Actions, Requirement, Rule, Then};
use crate::set::{Group, LookupTables, PolicyAsset, PolicySet};

/// What a new policy is to the old one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It releases nothing that the old one would not have released.
    Tightening,
    /// It may release more: why.
    Loosening(Vec<String>),
}

/// Compares two policies. Usage counts on under limits of the same name, window, scope and unit.
#[must_use]
pub fn compare(old: &PolicySet, new: &PolicySet) -> Change {
    let mut why = Vec::new();
    permissions(old, new, &mut why);
    denials(old, new, &mut why);
    demands(old, new, &mut why);
    limits(old, new, &mut why);
    groups(old, new, &mut why);
    assets(old, new, &mut why);
    unnamed(old, new, &mut why);
    lookup_tables(old, new, &mut why);
    chains(old, new, &mut why);
    addresses::compare(old, new, &mut why);
    if why.is_empty() {
        Change::Tightening
    } else {
        Change::Loosening(why)
    }
}

const fn placed<'a>(set: &'a PolicySet, rule: &'a Rule) -> Placed<'a> {
    Placed {
        set,
        when: &rule.when,
    }
}

/// Every new permission lies within an old one. What an old one asked for is kept by
/// [`demands`], so it does not matter here whether either asks.
fn permissions(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    let permitting = |rule: &&Rule| rule.then != Then::Deny;
    for rule in new.rules.iter().filter(permitting) {
        let mut before = old.rules.iter().filter(permitting);
        if !before.any(|wider| cover::permits_all((old, wider), (new, rule))) {
            why.push(format!(
                "rule `{}` may permit what no rule permitted",
                rule.name
            ));
        }
    }
}

/// Every old denial is kept by a denial of at least as much.
fn denials(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for rule in old.rules.iter().filter(|rule| rule.then == Then::Deny) {
        if !denied(new, placed(old, rule)) {
            why.push(format!("what rule `{}` denied may be permitted", rule.name));
        }
    }
}

fn denied(new: &PolicySet, what: Placed<'_>) -> bool {
    let mut denials = new.rules.iter().filter(|rule| rule.then == Then::Deny);
    denials.any(|rule| cover::touches_all(placed(new, rule), what))
}

/// Every old demand for approval is kept by one at least as strict, or by a denial; or nothing
/// it was about is permitted any more without such a demand.
fn demands(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for rule in &old.rules {
        let Then::Approve(asked) = &rule.then else {
            continue;
        };
        let what = placed(old, rule);
        let kept = asks_as_much(new, asked, what)
            || denied(new, what)
            || (needs_permission(rule) && still_asked(new, asked, what));
        if !kept {
            why.push(format!(
                "what rule `{}` asked for may not be asked any more",
                rule.name
            ));
        }
    }
}

/// Whether a rule of `new` asks as much as `asked`, everywhere in `what`.
fn asks_as_much(new: &PolicySet, asked: &Requirement, what: Placed<'_>) -> bool {
    new.rules.iter().any(|rule| match &rule.then {
        Then::Approve(now) => {
            at_least_as_strict(now, asked) && cover::demands_all(placed(new, rule), what)
        }
        Then::Allow | Then::Deny => false,
    })
}

/// Whether each permission of `new` stays apart from `what`, or asks as much by itself.
fn still_asked(new: &PolicySet, asked: &Requirement, what: Placed<'_>) -> bool {
    let mut permitting = new.rules.iter().filter(|rule| rule.then != Then::Deny);
    permitting.all(|rule| {
        let permission = placed(new, rule);
        cover::apart(permission, what) || asks_as_much(new, asked, permission)
    })
}

/// Whether every effect the rule is about needs a rule of its own. Fees, upkeep and the advance
/// of a durable nonce do not.
fn needs_permission(rule: &Rule) -> bool {
    let actions = Actions::NONE
        .with(Action::Trade)
        .with(Action::Withdrawal)
        .with(Action::Stake)
        .with(Action::Launch);
    actions.includes(rule.when.action)
}

fn at_least_as_strict(new: &Requirement, old: &Requirement) -> bool {
    new.group == old.group
        && new.quorum >= old.quorum
        && new.time_lock >= old.time_lock
        && new.expires <= old.expires
        && (new.ledger_cosign || !old.ledger_cosign)
}

fn limits(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for limit in &old.limits {
        let Some(now) = new.limits.iter().find(|now| now.id == limit.id) else {
            why.push(format!(
                "limit `{}` is gone, or counts in another window, scope or unit",
                limit.name
            ));
            continue;
        };
        if now.cap.max() > limit.cap.max() {
            why.push(format!("limit `{}` is higher", limit.name));
        }
        let (wider, narrower) = (
            Placed {
                set: new,
                when: &now.when,
            },
            Placed {
                set: old,
                when: &limit.when,
            },
        );
        if !cover::touches_all(wider, narrower) {
            why.push(format!("limit `{}` may count less", limit.name));
        }
    }
}

/// A group may lose members and gain delay; a new member is somebody more who can say yes.
fn groups(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for group in &new.groups {
        match old.group(&group.name) {
            Some(before) => same_people(before, group, why),
            None if *group.name == *CHANGE => {
                why.push(format!(
                    "group `{CHANGE}` is new: its members may loosen the policy"
                ));
            }
            None => why.push(format!(
                "group `{}` is new: who agrees to what later rules ask of it rests on its members",
                group.name
            )),
        }
    }
    if old.group(CHANGE).is_some() && new.group(CHANGE).is_none() {
        why.push(format!(
            "group `{CHANGE}` is gone: nobody is named who must agree to loosening"
        ));
    }
}

/// A chain more is one more to sign for under every rule that names none, and what wraps its coin
/// decides what calls mean.
fn chains(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for chain in &new.chains {
        let (id, name) = (chain.id, &chain.name);
        match old.chains.iter().find(|before| before.id == id) {
            None => why.push(format!("chain {id}, `{name}`, may be signed for")),
            Some(before) if before != chain => {
                why.push(format!("chain {id}, `{name}`, is something else"));
            }
            Some(_) => {}
        }
    }
}

/// The group that has to agree to loosening.
const CHANGE: &str = "change";

fn same_people(before: &Group, now: &Group, why: &mut Vec<String>) {
    let known: BTreeSet<&str> = before.approvers.iter().map(AsRef::as_ref).collect();
    let name = &now.name;
    for added in now
        .approvers
        .iter()
        .filter(|one| !known.contains(one.as_ref()))
    {
        why.push(format!("group `{name}` gains `{added}`"));
    }
    match (before.quorum, now.quorum) {
        (Some(before), Some(now)) if now < before => {
            why.push(format!("group `{name}` needs fewer to agree"));
        }
        (Some(_), None) => why.push(format!("group `{name}` has no quorum any more")),
        // Without one nobody could agree to a change: there was no way to loosen anything.
        (None, Some(_)) => why.push(format!(
            "group `{name}` gets a quorum: its members may agree to changes"
        )),
        _ => {}
    }
    if now.delay < before.delay {
        why.push(format!("group `{name}` has to wait less"));
    }
}

/// A price that may be older, or a price where there was none, can turn a denial around; a name
/// and its decimals make what every number means, in rules and in what people read.
fn assets(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for asset in &new.assets {
        let before = old.assets.iter().find(|before| before.asset == asset.asset);
        let priced = before.and_then(PolicyAsset::price_max_age);
        if asset.price_max_age > priced {
            why.push(format!(
                "the reference price of `{}` may be older",
                asset.symbol
            ));
        }
        why.extend(other_meaning(before, asset));
    }
}

fn other_meaning(before: Option<&PolicyAsset>, now: &PolicyAsset) -> Option<String> {
    let name = &now.symbol;
    let Some(before) = before else {
        let known = KnownAsset::by_symbol(name).is_some_and(|known| known.asset == now.asset);
        return (!known).then(|| {
            format!(
                "asset `{name}` is new: amounts of {} are read by that name, with {} decimals",
                now.asset, now.decimals
            )
        });
    };
    if before.decimals != now.decimals {
        return Some(format!("`{name}` has other decimals"));
    }
    let was = &before.symbol;
    (was != name).then(|| format!("asset `{was}` is called `{name}` now"))
}

/// The decoder looks for the wallet's accounts of the assets that the policy names: of one less it
/// no longer sees what a trade's exchanges could spend.
fn unnamed(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    let named = |asset: &PolicyAsset| new.assets.iter().any(|now| now.asset == asset.asset);
    let gone = old.assets.iter().filter(|asset| !named(asset));
    for asset in gone.filter(|asset| KnownAsset::of(asset.asset).is_none()) {
        why.push(format!(
            "asset `{}` is gone: the wallets' accounts of it may no longer be seen within reach of \
             a trade",
            asset.symbol
        ));
    }
}

/// What a feeder says about lookup tables can make a message readable that was refused.
fn lookup_tables(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    let modes = (old.lookup_tables, new.lookup_tables);
    if modes == (LookupTables::Strict, LookupTables::Attested) {
        why.push("accounts count that only an attested lookup table names".to_owned());
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod universe;
