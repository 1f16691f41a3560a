//! What each of the venue's details holds, declared once.

use super::{Address, Asset, Authorization, Detail, FeeBound};
use crate::field::{Declared, Value, adds, declare, says, unsaid};
use crate::{Account, Amount};

const NONCE: &str = "it only makes the signature usable once";

impl Declared for Detail {
    declare! {
        Self::Transfer { asset, amount, to, wrapped } => "transfer" {
            amount: money(*asset, *amount) => says("Withdraw {}").brief("of {}"),
            to: account(to) => says("to {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::TransferFrom { asset, amount, to, wrapped } => "transfer_from" {
            amount: money(*asset, *amount) => says("Withdraw {}").brief("of {}"),
            to: account(to) => says("to {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::TransferAuthorization(Authorization {
            asset, amount, to, valid_after, valid_before, nonce,
        }) => "transfer_authorization" {
            amount: money(*asset, *amount) => says("Withdraw {}").brief("of {}"),
            to: account(to) => says("to {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            valid_after: Value::Time(*valid_after) => adds("by whoever has this signature after {}"),
            valid_before: Value::Time(*valid_before) => says("and before {}"),
            nonce: Value::Bytes(nonce) => unsaid(NONCE),
        }
        Self::Allowance { asset, amount, spender, added, wrapped } => "allowance" {
            amount: money(*asset, *amount) => says("Let spend {}"),
            spender: account(spender) => adds("who: {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            added: Value::Flag(*added) => adds("on top of what may be spent already"),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::Revoke { asset, spender, wrapped } => "revoke" {
            asset: named(*asset) => says("let nothing more be spent of {}"),
            spender: account(spender) => says("by {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::Permit { asset, amount, spender, deadline, nonce, wrapped } => "permit" {
            amount: money(*asset, *amount) => says("Let spend {}"),
            spender: account(spender) => adds("who: {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            deadline: Value::Time(*deadline) => adds("once this is handed in before {}"),
            nonce: Value::Bytes(nonce) => unsaid(NONCE),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::Permit2Allowance {
            contract, asset, amount, spender, expires_at, deadline, nonce, wrapped,
        } => "permit2_allowance" {
            amount: money(*asset, *amount) => says("Let spend {}"),
            spender: account(spender) => adds("who: {}"),
            contract: account(contract) => adds("through Permit2 {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            expires_at: Value::Time(*expires_at) => adds("until {}"),
            deadline: Value::Time(*deadline) => adds("once this is handed in before {}"),
            nonce: Value::Bytes(nonce) => unsaid(NONCE),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::Permit2Transfer {
            contract, asset, amount, spender, deadline, nonce, wrapped,
        } => "permit2_transfer" {
            amount: money(*asset, *amount) => says("Let take once {}"),
            spender: account(spender) => adds("who: {}"),
            contract: account(contract) => adds("through Permit2 {}"),
            chain: chain(asset.chain()) => adds("at chain {}"),
            deadline: Value::Time(*deadline) => adds("before {}"),
            nonce: Value::Bytes(nonce) => unsaid(NONCE),
            wrapped: maybe(wrapped.as_ref()) => adds("wrapped by {}"),
        }
        Self::Wrap { chain: at, amount, contract } => "wrap" {
            amount: native(*at, *amount) => says("wrap {}"),
            contract: account(contract) => says("in {}"),
            chain: chain(*at) => adds("at chain {}"),
        }
        Self::Unwrap { chain: at, amount, contract } => "unwrap" {
            amount: native(*at, *amount) => says("unwrap {}"),
            contract: account(contract) => says("in {}"),
            chain: chain(*at) => adds("at chain {}"),
        }
        Self::Call { chain: at, contract, selector, data } => "call" {
            contract: account(contract) => says("Call contract {}").brief("over contract {}"),
            selector: Value::Bytes(selector.as_bytes())
                => says("function {}").brief("by its function {}"),
            chain: chain(*at) => adds("at chain {}").brief("at chain {}"),
            data: Value::Bytes(data) => adds("data hash {}"),
        }
        Self::Cancel { chain: at, account: own } => "cancel" {
            account: account(own) => says("use up a nonce of {}"),
            chain: chain(*at) => adds("at chain {}"),
        }
        Self::Fee(FeeBound {
            chain: at, envelope, amount, gas, max_fee_per_gas, max_priority_fee_per_gas, access_list,
        }) => "fee" {
            amount: native(*at, *amount) => says("network fee up to {}"),
            chain: chain(*at) => adds("at chain {}"),
            gas: Value::Count(*gas) => unsaid("what it costs at most is said"),
            max_fee_per_gas: Value::Units(*max_fee_per_gas)
                => unsaid("what it costs at most is said"),
            max_priority_fee_per_gas: units(max_priority_fee_per_gas.as_ref())
                => unsaid("what it costs at most is said"),
            envelope: Value::Name(envelope, envelope) => unsaid("every kind does the same"),
            access_list: bytes(access_list.as_ref())
                => unsaid("it changes what gas costs, and what that is at most is said"),
        }
    }
}

pub(super) const fn account(address: &Address) -> Value<'static> {
    Value::Account(Account::Evm(*address))
}

const fn maybe(address: Option<&Address>) -> Value<'static> {
    match address {
        Some(address) => account(address),
        None => Value::Absent,
    }
}

const fn chain(chain: u64) -> Value<'static> {
    Value::Count(chain)
}

const fn named(asset: Asset) -> Value<'static> {
    Value::Asset(crate::Asset::Evm(asset))
}

const fn money(asset: Asset, amount: Amount) -> Value<'static> {
    Value::Money(Some(crate::Asset::Evm(asset)), amount)
}

const fn native(chain: u64, amount: Amount) -> Value<'static> {
    money(Asset::Native { chain }, amount)
}

const fn units(amount: Option<&Amount>) -> Value<'static> {
    match amount {
        Some(amount) => Value::Units(*amount),
        None => Value::Absent,
    }
}

const fn bytes(bytes: Option<&[u8; 32]>) -> Value<'_> {
    match bytes {
        Some(bytes) => Value::Bytes(bytes),
        None => Value::Absent,
    }
}
