//! The transaction of a case, as it is written.

use countersign_intent::Address;

use super::{Field, Names, Section};

/// A transaction that a case holds, and what its decoder may know besides. Addresses that the
/// policy names count as known too.
#[derive(Debug, Clone)]
pub struct GivenTransaction {
    /// The wallet whose signature is asked for.
    pub wallet: Address,
    /// The serialized transaction, in base64.
    pub base64: String,
    /// Mints of token accounts whose mint the transaction does not name.
    pub mints: Vec<Address>,
    /// Token accounts registered as the wallet's, with their mints.
    pub accounts: Vec<(Address, Address)>,
    /// Nonce accounts registered for the wallet.
    pub nonces: Vec<Address>,
    /// Lookup tables that somebody attests, with their entries.
    pub tables: Vec<(Address, Vec<Address>)>,
}

/// Why bytes were refused before any policy was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecodable {
    /// The decoder's word for the kind of refusal.
    pub kind: String,
    /// What a person reads.
    pub message: String,
}

pub(super) fn read(section: Section<'_>, names: &Names) -> Option<GivenTransaction> {
    let wallet = section
        .need("wallet")
        .and_then(|field| names.address(&field));
    let base64 = section.need("base64").and_then(|field| field.text());
    let mints = addresses(section.get("mints"), names);
    let nonces = addresses(section.get("nonces"), names);
    let accounts = sections(section.get("accounts"), |inner| {
        Some((
            address(inner, "account", names)?,
            address(inner, "mint", names)?,
        ))
    });
    let tables = sections(section.get("tables"), |inner| {
        let table = address(inner, "table", names)?;
        Some((table, addresses(inner.get("entries"), names)))
    });
    section.finish();
    Some(GivenTransaction {
        wallet: wallet?,
        base64: base64?.split_whitespace().collect(),
        mints,
        accounts,
        nonces,
        tables,
    })
}

fn address(section: &Section<'_>, key: &'static str, names: &Names) -> Option<Address> {
    section.need(key).and_then(|field| names.address(&field))
}

fn addresses(list: Option<Field<'_>>, names: &Names) -> Vec<Address> {
    let items = list.and_then(|field| field.array()).unwrap_or_default();
    let address = |field: &Field<'_>| names.address(field);
    items.iter().filter_map(address).collect()
}

fn sections<T>(list: Option<Field<'_>>, read: impl Fn(&Section<'_>) -> Option<T>) -> Vec<T> {
    let items = list.and_then(|field| field.array()).unwrap_or_default();
    let item = |field: &Field<'_>| {
        let section = field.section()?;
        let read = read(&section);
        section.finish();
        read
    };
    items.iter().filter_map(item).collect()
}
