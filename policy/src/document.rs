//! Policy text -> validated [`PolicySet`]. The document type lives only here.
//!
//! What `when` may hold stands in `policy/README.md`, made from the [list of terms](crate::term).
//!
//! `[solana] lookup_tables` is `"strict"` unless written: no account counts that only a lookup table
//! names. With `"attested"` those of tables count whose contents were fed to the appliance.
//!
//! # How long
//! Every time has an upper bound: a longer one often takes one operator's word, and must not mean
//! "never". A group's `delay` is at most 30d, a `cooldown` 90d, `expires` 90d and longer than `time_lock`,
//! a price's `max_age` 30d, a `window` and `max_order_lifetime` 400d.

mod assets;
mod evm;
pub(crate) mod reader;
mod rules;
pub(crate) mod value;

use std::collections::{BTreeMap, BTreeSet};

use countersign_intent::Span;
use countersign_intent::evm::Chain;

pub use reader::{DocumentError, nearest};
use reader::{Field, Section};

use crate::set::{Destination, Group, LookupTables, PolicyAsset, PolicySet};

/// Longest policy text, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 20;
/// Most rules, and most limits, of one policy.
pub(crate) const MAX_RULES: usize = 512;
/// Addresses, assets and approvers may be many, but a decision must stay quick.
const MAX_LIST: usize = 100_000;

/// What rules and limits may refer to.
struct Names<'a> {
    destinations: &'a [Destination],
    assets: &'a [PolicyAsset],
    chains: &'a [Chain],
}

/// Reads a policy (`schema = 1`).
///
/// # Errors
/// Everything that is wrong with it, in the order of the document: no TOML, unknown keys,
/// values that cannot be, names that nothing declares, quorums that nobody can reach.
pub fn parse(text: &str) -> Result<PolicySet, Vec<DocumentError>> {
    reader::document(text, MAX_TEXT, |root| policy(root, text))
}

fn policy(root: Section<'_>, text: &str) -> Option<PolicySet> {
    let schema = root.need("schema").and_then(|field| schema(&field));
    let name = root.need("name").and_then(|field| field.parse(value::name));
    let groups = named(&root, "groups", group);
    let destinations = named(&root, "destinations", destination);
    let chains = evm::chains(&root);
    let assets = assets::read(&root, &chains);
    told_apart(&root, "groups", groups.iter().map(Group::name));
    told_apart(
        &root,
        "destinations",
        destinations.iter().map(Destination::name),
    );
    assets::check(&root, &destinations, &assets);
    let names = Names {
        destinations: &destinations,
        assets: &assets,
        chains: &chains,
    };
    let limits = array(&root, "limits", |section| rules::limit(section, &names));
    let rules = array(&root, "rules", |section| {
        rules::rule(section, &names, &groups)
    });
    let lookup_tables = root
        .get("solana")
        .and_then(|field| field.section())
        .and_then(lookup_tables);
    unique(&root, "limits", limits.iter().map(|limit| limit.name()));
    unique(&root, "rules", rules.iter().map(|rule| rule.name()));
    root.finish();
    schema?;
    Some(PolicySet {
        text: text.into(),
        hash: PolicySet::hash_of(text),
        name: name?,
        groups,
        destinations,
        assets,
        limits,
        rules,
        lookup_tables: lookup_tables.unwrap_or_default(),
        chains,
    })
}

/// Reads `[solana]`.
fn lookup_tables(section: Section<'_>) -> Option<LookupTables> {
    let modes = [LookupTables::Strict, LookupTables::Attested];
    let mode = section.get("lookup_tables").and_then(|field| {
        field.parse(|text| {
            let named = modes.into_iter().find(|mode| mode.as_str() == text);
            named.ok_or_else(|| {
                value::unknown(
                    "mode of lookup tables",
                    text,
                    &modes.map(LookupTables::as_str),
                )
            })
        })
    });
    section.finish();
    mode
}

fn schema(field: &Field<'_>) -> Option<()> {
    let version = field.number(u64::MAX)?;
    if version != 1 {
        field.fail(format!("expected `schema = 1`, got {version}"));
        return None;
    }
    Some(())
}

/// Reads `[key.NAME]` tables.
fn named<T>(
    root: &Section<'_>,
    key: &'static str,
    read: impl Fn(&str, Section<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(section) = root.get(key).and_then(|field| field.section()) else {
        return Vec::new();
    };
    let entry = |(name, field): (&str, Field<'_>)| {
        if let Err(message) = value::name(name) {
            field.fail(message);
            return None;
        }
        if name == "any" {
            field.fail("`any` means everything and cannot be a name");
            return None;
        }
        read(name, field.section()?)
    };
    section.entries().filter_map(entry).collect()
}

/// Reads `[[key]]` tables.
fn array<T>(
    root: &Section<'_>,
    key: &'static str,
    read: impl Fn(Section<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(field) = root.get(key) else {
        return Vec::new();
    };
    let items = field.array().unwrap_or_default();
    if items.len() > MAX_RULES {
        field.fail(format!("at most {MAX_RULES} of them, got {}", items.len()));
        return Vec::new();
    }
    items
        .iter()
        .filter_map(|item| read(item.section()?))
        .collect()
}

/// Where a name stands for the second time.
fn second<'d>(root: &Section<'d>, key: &'static str, name: &str) -> Option<Field<'d>> {
    let items = root.get(key)?.array()?;
    let mut named = items.iter().filter_map(|item| {
        let field = item.section()?.get("name")?;
        (field.text() == Some(name)).then_some(field)
    });
    named.nth(1)
}

fn unique<'a>(root: &Section<'_>, key: &'static str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            let message = format!("two {key} are named `{name}`; give each its own name");
            match second(root, key, name) {
                Some(field) => field.fail(message),
                None => root.fail(message),
            }
        }
    }
}

/// Whoever reads `Cold` and `cold`, or `B0NK` and `BONK`, takes one for the other.
fn told_apart<'a>(root: &Section<'_>, key: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(value::look(name), name) {
            root.fail(format!(
                "the {key} `{other}` and `{name}` are easily taken for each other; rename one"
            ));
        }
    }
}

fn group(name: &str, section: Section<'_>) -> Option<Group> {
    let approvers = strings(&section, "approvers", value::name);
    if approvers.iter().collect::<BTreeSet<_>>().len() < approvers.len() {
        section.fail("an approver is listed twice");
    }
    let quorum = section
        .get("quorum")
        .map(|field| rules::quorum_of(&field, approvers.len()));
    let delay = section
        .get("delay")
        .and_then(|field| field.parse(value::delay));
    section.finish();
    Some(Group::new(name, approvers, quorum.flatten(), delay))
}

fn destination(name: &str, section: Section<'_>) -> Option<Destination> {
    let solana = addresses(&section, "solana", value::receiver);
    let evm = addresses(&section, "evm", value::evm_receiver);
    if solana.is_none() && evm.is_none() {
        section.fail("`solana` is missing, and so is `evm`: a destination lists addresses");
    }
    let cooldown = section
        .get("cooldown")
        .and_then(|field| field.parse(value::cooldown));
    section.finish();
    Some(Destination {
        name: name.into(),
        solana: solana.unwrap_or_default(),
        evm: evm.unwrap_or_default(),
        cooldown: cooldown.unwrap_or(Span::ZERO),
    })
}

fn strings<T, E: std::fmt::Display>(
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Vec<T> {
    section
        .need(key)
        .map(|field| listed(&field, read))
        .unwrap_or_default()
}

/// Addresses, sorted, where the key is there.
fn addresses<T: Ord, E: std::fmt::Display>(
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    let mut all = listed(&section.get(key)?, read);
    all.sort_unstable();
    all.dedup();
    Some(all)
}

fn listed<T, E: std::fmt::Display>(
    field: &Field<'_>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Vec<T> {
    let items = field.array().unwrap_or_default();
    if items.len() > MAX_LIST {
        field.fail(format!("at most {MAX_LIST} entries, got {}", items.len()));
        return Vec::new();
    }
    items.iter().filter_map(|item| item.parse(&read)).collect()
}

#[cfg(test)]
mod tests;
