//! Transactions and their one canonical encoding.

use alloy_rlp::{Encodable, Header};
use countersign_intent::evm::Address;

/// A transaction that is not signed, of one of the kinds that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) chain: u64,
    pub(super) nonce: u64,
    pub(super) price: Price,
    pub(super) gas: u64,
    /// `None` creates a contract.
    pub(super) to: Option<Address>,
    pub(super) value: u128,
    pub(super) data: Vec<u8>,
    pub(super) access_list: Vec<Access>,
}

/// What is paid for a unit of gas, in wei, and with it the kind of transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Price {
    /// With the chain's number in the signature (EIP-155).
    Legacy { gas: u128 },
    /// EIP-2930.
    AccessList { gas: u128 },
    /// EIP-1559.
    DynamicFee { max: u128, priority: u128 },
}

/// Storage that is paid for beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) address: Address,
    pub(super) keys: Vec<[u8; 32]>,
}

/// The last three fields of a transaction.
#[derive(Debug, Clone, Copy)]
enum End<'s> {
    Unsigned,
    Signed {
        v: u128,
        r: &'s [u8; 32],
        s: &'s [u8; 32],
    },
}

impl Price {
    /// The number that an encoding starts with (EIP-2718); none for legacy ones.
    const fn envelope(self) -> Option<u8> {
        match self {
            Self::Legacy { .. } => None,
            Self::AccessList { .. } => Some(1),
            Self::DynamicFee { .. } => Some(2),
        }
    }

    /// What a unit of gas costs at most.
    pub(super) const fn most(self) -> u128 {
        match self {
            Self::Legacy { gas } | Self::AccessList { gas } => gas,
            Self::DynamicFee { max, .. } => max,
        }
    }
}

impl Transaction {
    /// What is hashed to be signed.
    pub(super) fn unsigned(&self) -> Vec<u8> {
        self.encoded(End::Unsigned)
    }

    /// What is sent.
    pub(super) fn signed(&self, v: u128, r: &[u8; 32], s: &[u8; 32]) -> Vec<u8> {
        self.encoded(End::Signed { v, r, s })
    }

    /// The number that goes with a signature.
    pub(super) fn v(&self, odd_y: bool) -> u128 {
        match self.price {
            Price::Legacy { .. } => u128::from(self.chain) * 2 + 35 + u128::from(odd_y),
            Price::AccessList { .. } | Price::DynamicFee { .. } => u128::from(odd_y),
        }
    }

    fn encoded(&self, end: End<'_>) -> Vec<u8> {
        let mut fields = Vec::with_capacity(self.data.len() + 256);
        match self.price {
            Price::Legacy { gas } => {
                self.nonce.encode(&mut fields);
                gas.encode(&mut fields);
            }
            Price::AccessList { gas } => {
                self.chain.encode(&mut fields);
                self.nonce.encode(&mut fields);
                gas.encode(&mut fields);
            }
            Price::DynamicFee { max, priority } => {
                self.chain.encode(&mut fields);
                self.nonce.encode(&mut fields);
                priority.encode(&mut fields);
                max.encode(&mut fields);
            }
        }
        self.body(&mut fields);
        self.end(end, &mut fields);
        let mut out: Vec<u8> = self.price.envelope().into_iter().collect();
        append_list(&fields, &mut out);
        out
    }

    fn body(&self, fields: &mut Vec<u8>) {
        self.gas.encode(fields);
        let to = self.to.as_ref().map(Address::as_bytes);
        to.map_or(&[][..], |to| to.as_slice()).encode(fields);
        self.value.encode(fields);
        self.data.as_slice().encode(fields);
        if self.price.envelope().is_some() {
            fields.extend(self.encoded_access_list());
        }
    }

    fn end(&self, end: End<'_>, fields: &mut Vec<u8>) {
        match end {
            End::Signed { v, r, s } => {
                v.encode(fields);
                without_zeros(r).encode(fields);
                without_zeros(s).encode(fields);
            }
            End::Unsigned if self.price.envelope().is_none() => {
                self.chain.encode(fields);
                0_u8.encode(fields);
                0_u8.encode(fields);
            }
            End::Unsigned => {}
        }
    }

    /// The access list as it stands in a transaction.
    pub(super) fn encoded_access_list(&self) -> Vec<u8> {
        let mut entries = Vec::new();
        for access in &self.access_list {
            let mut keys = Vec::new();
            for key in &access.keys {
                key.as_slice().encode(&mut keys);
            }
            let mut entry = Vec::new();
            access.address.as_bytes().as_slice().encode(&mut entry);
            append_list(&keys, &mut entry);
            append_list(&entry, &mut entries);
        }
        let mut out = Vec::new();
        append_list(&entries, &mut out);
        out
    }
}

fn append_list(items: &[u8], out: &mut Vec<u8>) {
    let header = Header {
        list: true,
        payload_length: items.len(),
    };
    header.encode(out);
    out.extend_from_slice(items);
}

fn without_zeros(number: &[u8; 32]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
