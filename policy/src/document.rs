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

pub(crate) mod reader;
mod rules;
pub(crate) mod value;

use std::collections::{BTreeMap, BTreeSet};

use countersign_intent::{KnownAsset, Span, solana};

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
    let assets = named(&root, "assets", asset);
    told_apart(&root, "groups", groups.iter().map(Group::name));
    told_apart(
        &root,
        "destinations",
        destinations.iter().map(Destination::name),
    );
    told_apart(&root, "assets", assets.iter().map(PolicyAsset::symbol));
    one_meaning(&root, &assets);
    not_a_mint(&root, &destinations, &assets);
    let names = Names {
        destinations: &destinations,
        assets: &assets,
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
    let mut solana = strings(&section, "solana", value::receiver);
    solana.sort_unstable();
    solana.dedup();
    let cooldown = section
        .get("cooldown")
        .and_then(|field| field.parse(value::cooldown));
    section.finish();
    Some(Destination {
        name: name.into(),
        solana,
        cooldown: cooldown.unwrap_or(Span::ZERO),
    })
}

fn strings<T, E: std::fmt::Display>(
    section: &Section<'_>,
    key: &'static str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Vec<T> {
    let Some(field) = section.need(key) else {
        return Vec::new();
    };
    let items = field.array().unwrap_or_default();
    if items.len() > MAX_LIST {
        field.fail(format!("at most {MAX_LIST} entries, got {}", items.len()));
        return Vec::new();
    }
    items.iter().filter_map(|item| item.parse(&read)).collect()
}

fn asset(symbol: &str, section: Section<'_>) -> Option<PolicyAsset> {
    let known = KnownAsset::by_symbol(symbol);
    let mint = section
        .get("mint")
        .and_then(|field| field.parse(str::parse))
        .map(|mint| solana::Asset::of_mint(mint).into());
    let decimals = section
        .get("decimals")
        .and_then(|field| field.number(38))
        .and_then(|decimals| u8::try_from(decimals).ok());
    let price_max_age = section
        .get("reference_price_usd")
        .and_then(|field| field.section())
        .and_then(price);
    if let Some(known) = known
        && (mint.is_some_and(|mint| mint != known.asset)
            || decimals.is_some_and(|decimals| decimals != known.decimals))
    {
        section.fail(format!(
            "`{symbol}` is well known and means something else; choose another name"
        ));
    }
    if let Some(known) = value::taken_for(symbol) {
        section.fail(format!(
            "`{symbol}` is easily taken for `{}`, which is well known; choose another name",
            known.symbol
        ));
    }
    let asset = mint.or(known.map(|known| known.asset));
    let decimals = decimals.or(known.map(|known| known.decimals));
    if asset.is_none() || decimals.is_none() {
        section.fail("`mint` and `decimals` are needed for an asset that is not well known");
    }
    section.finish();
    Some(PolicyAsset {
        symbol: symbol.into(),
        asset: asset?,
        decimals: decimals?,
        price_max_age,
    })
}

/// Two names for one mint, or a well-known mint with other decimals, would scale amounts wrongly.
fn one_meaning(root: &Section<'_>, assets: &[PolicyAsset]) {
    let mut seen = BTreeSet::new();
    for one in assets {
        if !seen.insert(one.asset) {
            root.fail(format!(
                "`{}` names an asset that has another name already",
                one.symbol
            ));
        }
        let known = KnownAsset::of(one.asset).map_or(one.decimals, |known| known.decimals);
        if one.decimals != known {
            root.fail(format!(
                "`{}` has {known} decimals, not {}",
                one.symbol, one.decimals
            ));
        }
    }
}

/// What is sent to a mint is lost.
fn not_a_mint(root: &Section<'_>, destinations: &[Destination], assets: &[PolicyAsset]) {
    for asset in assets {
        let Some(mint) = asset.asset.mint() else {
            continue;
        };
        for one in destinations.iter().filter(|one| one.solana.contains(&mint)) {
            root.fail(format!(
                "destination `{}` names `{mint}`, which is the mint of asset `{}`: what is sent there \
                 is lost; name an account that somebody holds",
                one.name, asset.symbol
            ));
        }
    }
}

fn price(section: Section<'_>) -> Option<Span> {
    let source = section.need("source").and_then(|field| {
        field.parse(|text| match text {
            "operator" => Ok(()),
            other => Err(value::unknown("source of prices", other, &["operator"])),
        })
    });
    let max_age = section
        .need("max_age")
        .and_then(|field| field.parse(value::max_age));
    section.finish();
    source.and(max_age)
}

#[cfg(test)]
mod tests;
