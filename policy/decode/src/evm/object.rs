//! Transactions as JSON objects.

use countersign_intent::evm::Address;
use ethnum::U256;

use super::json::{self, Members, Node};
use super::raw::{MAX_BYTES, refused_kind};
use super::transaction::{Access, Price, Transaction};
use crate::{DecodeError, DecodeErrorKind};

const PATH: &str = "transaction";

/// Reads an object of a transaction's fields.
pub(super) fn read(node: Node) -> Result<Transaction, DecodeError> {
    let mut members = Members::of(node, PATH)?;
    refuse_kinds(&members)?;
    let price = price(&mut members)?;
    let transaction = Transaction {
        chain: small(&mut members, "chain_id")?,
        nonce: small(&mut members, "nonce")?,
        price,
        gas: small(&mut members, "gas")?,
        to: to(&mut members)?,
        value: match members.has("value") {
            true => amount(&mut members, "value")?,
            false => 0,
        },
        data: data(&mut members)?,
        access_list: access_list(&mut members, price)?,
    };
    members.finish()?;
    Ok(transaction)
}

/// Kinds that are never signed are told by their fields as well.
fn refuse_kinds(members: &Members) -> Result<(), DecodeError> {
    for (name, kind) in [
        ("blob_versioned_hashes", 3),
        ("max_fee_per_blob_gas", 3),
        ("authorization_list", 4),
    ] {
        if members.has(name) {
            return Err(refused_kind(kind));
        }
    }
    Ok(())
}

fn price(members: &mut Members) -> Result<Price, DecodeError> {
    match small(members, "type")? {
        0 => Ok(Price::Legacy {
            gas: amount(members, "gas_price")?,
        }),
        1 => Ok(Price::AccessList {
            gas: amount(members, "gas_price")?,
        }),
        2 => Ok(Price::DynamicFee {
            max: amount(members, "max_fee_per_gas")?,
            priority: amount(members, "max_priority_fee_per_gas")?,
        }),
        other => Err(refused_kind(other)),
    }
}

fn small(members: &mut Members, name: &str) -> Result<u64, DecodeError> {
    let number = members.bits(name, 64)?;
    u64::try_from(number).map_err(|_| members.wrong(name, "expected a number below 2^64"))
}

fn amount(members: &mut Members, name: &str) -> Result<u128, DecodeError> {
    let number = members.number(name)?;
    base_units(number).ok_or_else(|| members.wrong(name, TOO_LARGE))
}

pub(super) const TOO_LARGE: &str =
    "expected an amount below 2^128 - 1 base units; a larger one is never signed";

/// Base units, where they are fewer than what stands for an unbounded amount.
pub(super) fn base_units(number: U256) -> Option<u128> {
    let units = u128::try_from(number).ok();
    units.filter(|units| *units != u128::MAX)
}

fn to(members: &mut Members) -> Result<Option<Address>, DecodeError> {
    match members.get("to") {
        None => Ok(None),
        Some(node) => match json::address(&node) {
            Ok(address) => Ok(Some(address)),
            Err(why) => Err(members.wrong("to", &why)),
        },
    }
}

fn data(members: &mut Members) -> Result<Vec<u8>, DecodeError> {
    let expected = "expected bytes as `0x` and an even number of hexadecimal digits";
    match members.get("data") {
        None => Ok(Vec::new()),
        Some(Node::Text(text)) => bytes(&text).ok_or_else(|| members.wrong("data", expected)),
        Some(_) => Err(members.wrong("data", expected)),
    }
}

/// `0x` and an even number of digits.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?;
    let bounded = digits.len() <= 2 * MAX_BYTES;
    bounded.then(|| hex::decode(digits).ok()).flatten()
}

fn access_list(members: &mut Members, price: Price) -> Result<Vec<Access>, DecodeError> {
    let entries = match members.get("access_list") {
        None => return Ok(Vec::new()),
        Some(Node::List(entries)) => entries,
        Some(_) => return Err(members.wrong("access_list", "expected a list")),
    };
    if matches!(price, Price::Legacy { .. }) {
        let message = "`transaction.access_list`: a legacy transaction has none; say type 1 or 2";
        return Err(DecodeError::new(DecodeErrorKind::Malformed, None, message));
    }
    entries.into_iter().map(access).collect()
}

fn access(node: Node) -> Result<Access, DecodeError> {
    let mut members = Members::of(node, "transaction.access_list")?;
    let address = members.address("address")?;
    let Node::List(listed) = members.need("storage_keys")? else {
        return Err(members.wrong("storage_keys", "expected a list"));
    };
    let keys = listed.iter().map(json::word).collect::<Result<_, _>>();
    let keys = keys.map_err(|why| members.wrong("storage_keys", &why))?;
    members.finish()?;
    Ok(Access { address, keys })
}
