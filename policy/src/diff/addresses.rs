//! What the addresses of destinations change besides what rules say about them.
//!
//! The decoder proves whose a token account is by the addresses that the policy names, so an address
//! more, or one less, changes what messages mean: a payment that went to a token account goes to its
//! owner, too.

use std::collections::BTreeSet;

use countersign_intent::{Account, Action};

use crate::limit::Per;
use crate::rule::{AnyOf, Then};
use crate::set::{Destination, PolicySet};

pub(super) fn compare(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    for destination in &new.destinations {
        let mut before = old.destinations.iter();
        let known = before.find(|known| known.name == destination.name);
        if known.is_none() {
            let name = &destination.name;
            why.push(format!(
                "destination `{name}` is new: what later rules say of it rests on what it holds"
            ));
        }
        added(known, destination, why);
    }
    removed(old, new, why);
}

/// Whatever names the destination: a denial or a limit would bring in addresses that a later rule
/// permits by a name alone, and their cool-down would be over by then.
fn added(known: Option<&Destination>, now: &Destination, why: &mut Vec<String>) {
    let is_known = |one: &Account| known.is_some_and(|known| known.has(one));
    let mut added = now.accounts().filter(|one| !is_known(one));
    if let Some(first) = added.next() {
        let more = added.count();
        let (name, others) = (&now.name, others(more));
        why.push(format!(
            "destination `{name}` gains {first}{others}: what is sent to that owner, or to that \
             account, means something else"
        ));
    }
}

/// Accounts of an owner that nothing names any more are no longer counted together.
fn removed(old: &PolicySet, new: &PolicySet, why: &mut Vec<String>) {
    let mut limits = old.limits.iter();
    let counts_owners = limits.any(|limit| limit.per == Per::Destination);
    if !counts_owners || !sends_to_several(new) {
        return;
    }
    let now = addresses(new);
    let mut gone = addresses(old).into_iter().filter(|one| !now.contains(one));
    if let Some(first) = gone.next() {
        let others = others(gone.count());
        why.push(format!(
            "no destination names {first}{others} any more, so limits per destination no longer \
             count the accounts of that owner together"
        ));
    }
}

fn sends_to_several(set: &PolicySet) -> bool {
    let permitting = set.rules.iter().filter(|rule| rule.then != Then::Deny);
    let mut named: BTreeSet<Account> = BTreeSet::new();
    for rule in permitting.filter(|rule| rule.when.action.has(Action::Withdrawal)) {
        let AnyOf::These(indices) = &rule.when.destination.listed else {
            return true;
        };
        let listed = indices
            .iter()
            .filter_map(|index| set.destinations.get(*index));
        named.extend(listed.flat_map(Destination::accounts));
    }
    named.len() > 1
}

fn addresses(set: &PolicySet) -> BTreeSet<Account> {
    let all = set.destinations.iter();
    all.flat_map(Destination::accounts).collect()
}

fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        more => format!(" and {more} more"),
    }
}
