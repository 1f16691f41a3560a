//! Reads `[[rules]]` and `[[limits]]`.

use countersign_intent::{Amount, Asset, Span};

use super::reader::{Field, Section};
use super::{Names, value};
use crate::limit::{Cap, Limit, Per};
use crate::rule::{AnyOf, Bounds, Requirement, Rule, Then, When};
use crate::set::Group;
use crate::term::{self, Source};

/// An ask that nobody answers lapses after a day, unless the rule says otherwise.
const DEFAULT_EXPIRY: Span = Span::from_secs(86_400);

pub(super) fn rule(section: Section<'_>, names: &Names<'_>, groups: &[Group]) -> Option<Rule> {
    let name = section
        .need("name")
        .and_then(|field| field.parse(value::name));
    let then = section
        .need("then")
        .and_then(|field| outcome(&field, name.as_deref().unwrap_or_default(), groups));
    let when = section
        .need("when")
        .and_then(|field| field.section())
        .map(|inner| rule_when(inner, names, then.as_ref()));
    section.finish();
    let (when, bounds) = when?;
    Some(Rule {
        name: name?.into(),
        when,
        bounds,
        then: then?,
    })
}

fn rule_when(section: Section<'_>, names: &Names<'_>, then: Option<&Then>) -> (When, Bounds) {
    let source = source(&section, names, then != Some(&Then::Deny));
    let when = When::read(&source);
    let bounds = if source.permits {
        if then.is_some() && section.get("action").is_none() {
            section.fail(
                "a rule that permits has to name its actions; write `action = \"any\"` if \
                 every action is meant",
            );
        }
        Bounds::read(&source, &when)
    } else {
        no_bounds(&section, "a deny rule");
        Bounds::default()
    };
    section.finish();
    (when, bounds)
}

const fn source<'s>(section: &'s Section<'s>, names: &Names<'s>, permits: bool) -> Source<'s> {
    Source {
        section,
        destinations: names.destinations,
        assets: names.assets,
        chains: names.chains,
        permits,
    }
}

/// Refuses bounds where nothing is permitted: `what` is `a deny rule` or `a limit`.
fn no_bounds(section: &Section<'_>, what: &str) {
    for key in term::bounds() {
        let key = key.name;
        if let Some(field) = section.get(key) {
            field.fail(format!(
                "{what} cannot have `{key}`: it would be escaped by asking for more; \
                 `over_amount` and limits hold from below"
            ));
        }
    }
}

fn outcome(field: &Field<'_>, rule: &str, groups: &[Group]) -> Option<Then> {
    if field.is_text() {
        return field.parse(|text| match text {
            "allow" => Ok(Then::Allow),
            "deny" => Ok(Then::Deny),
            other => Err(value::unknown("outcome", other, &["allow", "deny"])),
        });
    }
    let section = field.section()?;
    let requirement = section
        .need("approve")
        .and_then(|field| field.section())
        .and_then(|inner| approve(inner, rule, groups));
    section.finish();
    requirement.map(Then::Approve)
}

fn approve(section: Section<'_>, rule: &str, groups: &[Group]) -> Option<Requirement> {
    let group = section.need("group").and_then(|field| {
        let known: Vec<&str> = groups.iter().map(Group::name).collect();
        field.parse(|text| {
            let found = groups.iter().find(|group| group.name() == text);
            found.ok_or_else(|| value::unknown("group", text, &known))
        })
    });
    let span = |key| {
        section
            .get(key)
            .and_then(|field| field.parse(value::expiry))
    };
    let quorum = quorum(&section, group);
    let time_lock = span("time_lock").unwrap_or(Span::ZERO);
    let expires = span("expires").unwrap_or(DEFAULT_EXPIRY);
    let cosign = section
        .get("ledger_cosign")
        .and_then(|field| field.boolean());
    if expires <= time_lock {
        section.fail(format!(
            "`expires` ({expires}) has to be longer than `time_lock` ({time_lock})"
        ));
    }
    section.finish();
    Some(Requirement {
        group: group?.name.clone(),
        quorum: quorum?,
        time_lock,
        expires,
        ledger_cosign: cosign.unwrap_or(false),
        rule: rule.into(),
    })
}

fn quorum(section: &Section<'_>, group: Option<&Group>) -> Option<u8> {
    let Some(field) = section.get("quorum") else {
        let from_group = group?.quorum;
        if from_group.is_none() {
            section.fail("`quorum` is missing, and the group has none either");
        }
        return from_group;
    };
    quorum_of(&field, group?.approvers.len())
}

/// A quorum that the members can reach, and that is not nobody.
pub(super) fn quorum_of(field: &Field<'_>, members: usize) -> Option<u8> {
    let quorum = field.number(255)?;
    let possible = quorum > 0 && usize::try_from(quorum).is_ok_and(|quorum| quorum <= members);
    if !possible {
        field.fail(format!(
            "expected a quorum from 1 to the group's {members} members, got {quorum}"
        ));
    }
    u8::try_from(quorum).ok().filter(|_| possible)
}

pub(super) fn limit(section: Section<'_>, names: &Names<'_>) -> Option<Limit> {
    let name = section
        .need("name")
        .and_then(|field| field.parse(value::name));
    let when = section
        .need("when")
        .and_then(|field| field.section())
        .map(|inner| {
            let when = When::read(&source(&inner, names, false));
            no_bounds(&inner, "a limit");
            inner.finish();
            when
        });
    let per = section.need("per").and_then(|field| field.parse(per));
    let window = section
        .need("window")
        .and_then(|field| field.parse(value::window));
    let cap = cap(&section, when.as_ref(), names);
    section.finish();
    Some(Limit::new(&name?, when?, per?, window?, cap?))
}

fn per(text: &str) -> Result<Per, String> {
    let known = Per::ALL.map(Per::as_str);
    Per::ALL
        .into_iter()
        .find(|per| per.as_str() == text)
        .ok_or_else(|| value::unknown("scope", text, &known))
}

fn cap(section: &Section<'_>, when: Option<&When>, names: &Names<'_>) -> Option<Cap> {
    let amount = section.get("max_amount");
    let usd = section.get("max_usd");
    let count = section.get("max_count");
    match (amount, usd, count) {
        (Some(field), None, None) => amount_cap(&field, when?, names),
        (None, Some(field), None) => field
            .take(field.text_or_number()?, value::micro_usd)
            .map(Cap::MicroUsd),
        (None, None, Some(field)) => field.number(u64::MAX).map(Cap::Count),
        _ => {
            section.fail("expected exactly one of `max_amount`, `max_usd`, `max_count`");
            None
        }
    }
}

fn amount_cap(field: &Field<'_>, when: &When, names: &Names<'_>) -> Option<Cap> {
    let AnyOf::These(assets) = &when.asset.0 else {
        field.fail("`max_amount` needs one `asset` in `when`; use `max_usd` over several");
        return None;
    };
    let Some(asset) = one_asset(assets, names) else {
        field.fail("`max_amount` counts one asset; write a limit for each, or use `max_usd`");
        return None;
    };
    let Some(decimals) = decimals(*asset, names) else {
        field.fail("the asset's decimals are not known; declare it as [assets.NAME]");
        return None;
    };
    let max = field.take(field.text_or_number()?, |text| {
        Amount::from_display(text, decimals)
    })?;
    Some(Cap::Amount {
        asset: *asset,
        max,
        decimals,
    })
}

/// The one asset of a list: a single one, or all places of one name, which are added up.
fn one_asset<'a>(assets: &'a [Asset], names: &Names<'_>) -> Option<&'a Asset> {
    let symbol = |asset: &Asset| {
        let named = names.assets.iter().find(|one| one.asset == *asset);
        named.map(|one| (&one.symbol, one.decimals))
    };
    let (first, others) = assets.split_first()?;
    let same = |other: &Asset| symbol(first).is_some() && symbol(other) == symbol(first);
    others.iter().all(same).then_some(first)
}

fn decimals(asset: Asset, names: &Names<'_>) -> Option<u8> {
    value::assets_with_decimals(names.assets)
        .into_iter()
        .find(|(of, _)| *of == asset)
        .map(|(_, decimals)| decimals)
}
