//! Durable nonces.

use super::Address;
use super::fields::account;
use crate::field::{Declared, Value, adds, declare, says, unsaid};

/// A durable nonce: whoever lives by it lives until its account is advanced, possibly for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce {
    /// The nonce account.
    pub account: Address,
    /// Who may advance it.
    pub authority: Address,
    /// The nonce value in the message.
    pub value: [u8; 32],
}

impl Declared for Nonce {
    declare! {
        Self { account: nonce, authority, value } => "durable_nonce" {
            account: account(nonce) => says("does not expire until nonce {} advances"),
            authority: account(authority) => adds("by authority {}"),
            value: Value::Fresh(*value) => unsaid("the same intent comes with a fresh one"),
        }
    }
}
