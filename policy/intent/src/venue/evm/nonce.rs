//! Account nonces.

use super::Address;
use super::fields::account;
use crate::field::{Declared, Value, adds, declare, says, unsaid};

/// The place of a transaction in the order of its account's: of all signatures over one nonce, one
/// lands, and until then each may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountNonce {
    /// The chain's number.
    pub chain: u64,
    /// The account.
    pub address: Address,
    /// The nonce, below 2^64 - 1 (EIP-2681).
    pub nonce: u64,
}

impl Declared for AccountNonce {
    declare! {
        Self { chain, address, nonce } => "account_nonce" {
            chain: Value::Count(*chain) => adds("at chain {}"),
            account: account(address)
                => says("does not expire until a transaction with its nonce lands, of {}"),
            nonce: Value::FreshCount(*nonce) => unsaid("the same intent comes with a fresh one"),
        }
    }
}
