//! Reads `[assets.NAME]`: one name, and every place that it lives.

use std::collections::BTreeSet;

use countersign_intent::evm::{self, Chain};
use countersign_intent::{Account, Asset, KnownAsset, Span, solana};

use super::reader::Section;
use super::{named, told_apart, value};
use crate::set::{Destination, PolicyAsset};

/// The assets that are named, and the native coins of the chains.
pub(super) fn read(root: &Section<'_>, chains: &[Chain]) -> Vec<PolicyAsset> {
    let read = |symbol: &str, section: Section<'_>| asset(symbol, section, chains);
    let mut all = named(root, "assets", read).concat();
    for chain in chains {
        let asset = Asset::from(evm::Asset::Native { chain: chain.id });
        if !all.iter().any(|one| one.asset == asset) {
            all.push(PolicyAsset {
                symbol: chain.native.clone(),
                asset,
                decimals: chain.decimals,
                price_max_age: None,
            });
        }
    }
    all
}

/// What is wrong with all of them together.
pub(super) fn check(root: &Section<'_>, destinations: &[Destination], assets: &[PolicyAsset]) {
    let symbols: BTreeSet<&str> = assets.iter().map(PolicyAsset::symbol).collect();
    told_apart(root, "assets", symbols.into_iter());
    one_meaning(root, assets);
    not_a_mint(root, destinations, assets);
}

fn asset(symbol: &str, section: Section<'_>, chains: &[Chain]) -> Option<Vec<PolicyAsset>> {
    let known = KnownAsset::by_symbol(symbol);
    let mint = mint(&section);
    let mut places: Vec<Asset> = mint
        .or(known.map(|known| known.asset))
        .into_iter()
        .collect();
    places.extend(contracts(&section, chains));
    let coins = chains.iter().filter(|one| *one.native == *symbol);
    let coin_decimals = coins.clone().map(|one| one.decimals).next();
    places.extend(coins.map(|one| Asset::from(evm::Asset::Native { chain: one.id })));
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
    let decimals = decimals
        .or(known.map(|known| known.decimals))
        .or(coin_decimals);
    if places.is_empty() || decimals.is_none() {
        section.fail(
            "`mint` and `decimals` are needed for an asset that is not well known; or, where it lives \
             at EVM chains, `evm` and `decimals`",
        );
    }
    let differs = |one: &&Chain| *one.native == *symbol && Some(one.decimals) != decimals;
    if let Some(chain) = chains.iter().find(differs) {
        section.fail(format!(
            "`{symbol}` is the native coin of chain {}, with {} decimals; choose another name, or say \
             the same",
            chain.id, chain.decimals
        ));
    }
    section.finish();
    let decimals = decimals?;
    let place = |asset| PolicyAsset {
        symbol: symbol.into(),
        asset,
        decimals,
        price_max_age,
    };
    Some(places.into_iter().map(place).collect())
}

/// Its mint at Solana, under either name of the key.
fn mint(section: &Section<'_>) -> Option<Asset> {
    let read = |key| {
        let field = section.get(key);
        field.and_then(|field| field.parse(str::parse))
    };
    let (mint, solana) = (read("mint"), read("solana"));
    if mint.is_some() && solana.is_some() {
        section.fail("`mint` and `solana` say the same; write one of them");
    }
    let mint = mint.or(solana);
    mint.map(|mint| solana::Asset::of_mint(mint).into())
}

/// Its contracts, chain by chain.
fn contracts(section: &Section<'_>, chains: &[Chain]) -> Vec<Asset> {
    let Some(listed) = section.get("evm").and_then(|field| field.section()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (number, field) in listed.entries() {
        let Some(chain) = chains.iter().find(|one| one.id.to_string() == number) else {
            let known: Vec<String> = chains.iter().map(|one| one.id.to_string()).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            field.fail(value::unknown("chain", number, &known));
            continue;
        };
        let Some(contract) = field.parse(value::evm_receiver) else {
            continue;
        };
        if chain.wrapped == Some(contract) {
            field.fail(format!(
                "this contract wraps `{}`, and counts as that; leave it out",
                chain.native
            ));
        }
        let chain = chain.id;
        all.push(evm::Asset::Token { chain, contract }.into());
    }
    all
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
        let (account, what) = match (asset.asset.mint(), asset.asset.contract()) {
            (Some(mint), _) => (Account::from(mint), "mint"),
            (None, Some(contract)) => (Account::from(contract), "contract"),
            (None, None) => continue,
        };
        for one in destinations.iter().filter(|one| one.has(&account)) {
            root.fail(format!(
                "destination `{}` names `{account}`, which is the {what} of asset `{}`: what is sent \
                 there is lost; name an account that somebody holds",
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
