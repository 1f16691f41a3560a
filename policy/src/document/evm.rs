//! Reads `[venues.evm.chains.NUMBER]`: the chains that may be signed for.

use countersign_intent::KnownAsset;
use countersign_intent::evm::Chain;

use super::reader::Section;
use super::{told_apart, value};

/// The chains, by their numbers; none unless written.
pub(super) fn chains(root: &Section<'_>) -> Vec<Chain> {
    let Some(venues) = root.get("venues").and_then(|field| field.section()) else {
        return Vec::new();
    };
    let venue = venues.get("evm").and_then(|field| field.section());
    venues.finish();
    let Some(venue) = venue else {
        return Vec::new();
    };
    let listed = venue.need("chains").and_then(|field| field.section());
    venue.finish();
    let Some(listed) = listed else {
        return Vec::new();
    };
    let entries = listed.entries();
    let mut chains: Vec<Chain> = entries
        .filter_map(|(number, field)| chain(number, field.section()?))
        .collect();
    chains.sort_unstable_by_key(|one| one.id);
    told_apart(root, "chains", chains.iter().map(|one| &*one.name));
    chains
}

fn chain(number: &str, section: Section<'_>) -> Option<Chain> {
    let id = number
        .parse()
        .ok()
        .filter(|id: &u64| *id > 0 && id.to_string() == number);
    if id.is_none() {
        section.fail(format!(
            "expected the number of a chain (EIP-155), got `{number}`"
        ));
    }
    let name = section
        .need("name")
        .and_then(|field| field.parse(value::name));
    let native = section.get("native").map(|field| field.parse(native_coin));
    let decimals = section
        .get("decimals")
        .and_then(|field| field.number(38))
        .and_then(|decimals| u8::try_from(decimals).ok());
    let wrapped = section
        .get("wrapped")
        .and_then(|field| field.parse(value::evm_receiver));
    section.finish();
    let native = match native {
        Some(native) => native?,
        None => "ETH".into(),
    };
    let chain = Chain::new(id?, &name?, &native);
    Some(Chain {
        decimals: decimals.unwrap_or(chain.decimals),
        wrapped: wrapped.or(chain.wrapped),
        ..chain
    })
}

/// Two assets of one name would be one: a limit on `SOL` has to count SOL.
fn native_coin(text: &str) -> Result<Box<str>, String> {
    let known = KnownAsset::by_symbol(text).or_else(|| value::taken_for(text));
    match known {
        Some(known) => Err(format!(
            "`{text}` is, or is easily taken for, `{}`, which is well known and another asset; choose \
             another name",
            known.symbol
        )),
        None => value::name(text),
    }
}
