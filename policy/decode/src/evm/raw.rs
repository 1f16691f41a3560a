//! Transactions as their raw bytes.

use alloy_rlp::{Decodable, Header};
use countersign_intent::evm::Address;

use super::transaction::{Access, Price, Transaction};
use crate::{DecodeError, DecodeErrorKind};

/// Most bytes of a transaction.
pub(super) const MAX_BYTES: usize = 32 * 1024;

/// Reads the one canonical encoding of a transaction that is not signed.
pub(super) fn read(bytes: &[u8]) -> Result<Transaction, DecodeError> {
    check_length(bytes)?;
    let (kind, list) = kind(bytes)?;
    let mut fields = Fields::new(bytes, list)?;
    let transaction = match kind {
        Kind::Legacy => legacy(&mut fields)?,
        Kind::AccessList => access_list(&mut fields)?,
        Kind::DynamicFee => dynamic_fee(&mut fields)?,
    };
    fields.finish()?;
    // The one encoding of each transaction is the only one that is read: nothing hides in another.
    if transaction.unsigned() == bytes {
        Ok(transaction)
    } else {
        Err(DecodeError::malformed(
            0,
            "the bytes are not the canonical encoding of the transaction they say",
        ))
    }
}

pub(super) fn check_length(bytes: &[u8]) -> Result<(), DecodeError> {
    if bytes.len() > MAX_BYTES {
        let got = bytes.len();
        let message = format!("expected a transaction of at most {MAX_BYTES} bytes, got {got}");
        return Err(DecodeError::malformed(0, message));
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Legacy,
    AccessList,
    DynamicFee,
}

fn kind(bytes: &[u8]) -> Result<(Kind, &[u8]), DecodeError> {
    match bytes.split_first() {
        Some((0xc0.., _)) => Ok((Kind::Legacy, bytes)),
        Some((1, rest)) => Ok((Kind::AccessList, rest)),
        Some((2, rest)) => Ok((Kind::DynamicFee, rest)),
        Some((number, _)) => Err(refused_kind(u64::from(*number))),
        None => Err(DecodeError::malformed(
            0,
            "expected a transaction, got nothing",
        )),
    }
}

/// Why a kind of transaction is not signed.
pub(super) fn refused_kind(number: u64) -> DecodeError {
    let (kind, message) = match number {
        3 => (
            DecodeErrorKind::Forbidden,
            "a blob transaction (EIP-4844) is never signed: nobody reads what its blobs say"
                .to_owned(),
        ),
        4 => (
            DecodeErrorKind::Forbidden,
            "a transaction that sets code (EIP-7702) is never signed: it hands whole accounts to \
             contracts"
                .to_owned(),
        ),
        other => (
            DecodeErrorKind::Malformed,
            format!(
                "expected a transaction of type 0 (legacy), 1 (EIP-2930) or 2 (EIP-1559), got type \
                 {other}"
            ),
        ),
    };
    DecodeError::new(kind, None, message)
}

fn legacy(fields: &mut Fields<'_>) -> Result<Transaction, DecodeError> {
    let nonce = fields.number("nonce")?;
    let price = Price::Legacy {
        gas: fields.number("gas_price")?,
    };
    let mut transaction = body(fields, nonce, price)?;
    if fields.is_at_end() {
        return Err(DecodeError::new(
            DecodeErrorKind::Forbidden,
            None,
            "a legacy transaction without a chain (from before EIP-155) is never signed: it could \
             be sent at every chain; name the chain",
        ));
    }
    transaction.chain = fields.number("chain_id")?;
    for _ in 0..2 {
        if fields.number::<u128>("signature")? != 0 {
            return Err(fields.wrong("signature", "the transaction is signed already"));
        }
    }
    Ok(transaction)
}

fn access_list(fields: &mut Fields<'_>) -> Result<Transaction, DecodeError> {
    let chain = fields.number("chain_id")?;
    let nonce = fields.number("nonce")?;
    let price = Price::AccessList {
        gas: fields.number("gas_price")?,
    };
    let transaction = body(fields, nonce, price)?;
    let access_list = accesses(fields)?;
    Ok(Transaction {
        chain,
        access_list,
        ..transaction
    })
}

fn dynamic_fee(fields: &mut Fields<'_>) -> Result<Transaction, DecodeError> {
    let chain = fields.number("chain_id")?;
    let nonce = fields.number("nonce")?;
    let priority = fields.number("max_priority_fee_per_gas")?;
    let max = fields.number("max_fee_per_gas")?;
    let transaction = body(fields, nonce, Price::DynamicFee { max, priority })?;
    let access_list = accesses(fields)?;
    Ok(Transaction {
        chain,
        access_list,
        ..transaction
    })
}

fn body(fields: &mut Fields<'_>, nonce: u64, price: Price) -> Result<Transaction, DecodeError> {
    let gas = fields.number("gas")?;
    let to = match fields.bytes("to")? {
        [] => None,
        some => match some.try_into() {
            Ok(bytes) => Some(Address::new(bytes)),
            Err(_) => return Err(fields.wrong("to", "expected an address of 20 bytes")),
        },
    };
    Ok(Transaction {
        chain: 0,
        nonce,
        price,
        gas,
        to,
        value: fields.number("value")?,
        data: fields.bytes("data")?.to_vec(),
        access_list: Vec::new(),
    })
}

fn accesses(fields: &mut Fields<'_>) -> Result<Vec<Access>, DecodeError> {
    let mut entries = fields.list("access_list")?;
    let mut all = Vec::new();
    while !entries.is_at_end() {
        let mut entry = entries.list("access_list")?;
        let address = entry.bytes("address")?;
        let address = address.try_into().map(Address::new);
        let address =
            address.map_err(|_| entry.wrong("address", "expected an address of 20 bytes"))?;
        let mut listed = entry.list("storage_keys")?;
        let mut keys = Vec::new();
        while !listed.is_at_end() {
            let key = listed.bytes("storage_keys")?.try_into();
            keys.push(key.map_err(|_| listed.wrong("storage_keys", "expected 32 bytes"))?);
        }
        entry.finish()?;
        all.push(Access { address, keys });
    }
    Ok(all)
}

/// The items of a list, in their order.
struct Fields<'b> {
    /// All of the transaction, to say where something is.
    all: usize,
    rest: &'b [u8],
    /// What follows the list in the input.
    behind: usize,
}

impl<'b> Fields<'b> {
    fn new(all: &'b [u8], list: &'b [u8]) -> Result<Self, DecodeError> {
        let mut whole = Self {
            all: all.len(),
            rest: list,
            behind: 0,
        };
        let fields = whole.list("transaction")?;
        whole.finish()?;
        Ok(fields)
    }

    fn at(&self) -> usize {
        self.all.saturating_sub(self.rest.len() + self.behind)
    }

    fn wrong(&self, name: &str, why: &str) -> DecodeError {
        DecodeError::malformed(self.at(), format!("`{name}`: {why}"))
    }

    const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn read<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut &'b [u8]) -> alloy_rlp::Result<T>,
    ) -> Result<T, DecodeError> {
        if self.is_at_end() {
            return Err(self.wrong(name, "is missing: the list ends before it"));
        }
        let mut rest = self.rest;
        let value = read(&mut rest)
            .map_err(|error| self.wrong(name, &format!("not the canonical encoding: {error}")))?;
        self.rest = rest;
        Ok(value)
    }

    fn number<N: Decodable>(&mut self, name: &str) -> Result<N, DecodeError> {
        self.read(name, N::decode)
    }

    fn bytes(&mut self, name: &str) -> Result<&'b [u8], DecodeError> {
        self.read(name, |rest| Header::decode_bytes(rest, false))
    }

    fn list(&mut self, name: &str) -> Result<Self, DecodeError> {
        let items = self.read(name, |rest| Header::decode_bytes(rest, true))?;
        Ok(Self {
            all: self.all,
            rest: items,
            behind: self.behind + self.rest.len(),
        })
    }

    fn finish(&self) -> Result<(), DecodeError> {
        if self.is_at_end() {
            return Ok(());
        }
        let left = self.rest.len();
        Err(DecodeError::malformed(
            self.at(),
            format!("{left} bytes too many: the transaction is signed already, or of another kind"),
        ))
    }
}
