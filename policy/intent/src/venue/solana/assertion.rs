//! What a message makes the chain check.

use super::Address;
use crate::Amount;
use crate::field::{Declared, declare, says};
use crate::venue::solana::fields::{account, sol};

/// Something the chain checks when the transaction has done everything else; it takes nothing, and
/// without it the same would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assertion {
    /// The account it is about.
    pub account: Address,
    /// What has to hold, or nothing of the transaction happens.
    pub fact: AssertedFact,
}

/// What an assertion can say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertedFact {
    /// The account belongs to the System program.
    OwnedBySystem,
    /// The account holds no data, so System can send its lamports.
    NoData,
    /// The account holds at least so many lamports.
    LamportsAtLeast(Amount),
}

impl Declared for Assertion {
    declare! {
        Self { account: one, fact: AssertedFact::OwnedBySystem } => "owned_by_system" {
            account: account(one) => says("fails unless System owns {}"),
        }
        Self { account: one, fact: AssertedFact::NoData } => "no_data" {
            account: account(one) => says("fails unless {} has no data"),
        }
        Self { account: one, fact: AssertedFact::LamportsAtLeast(least) } => "lamports_at_least" {
            account: account(one) => says("fails unless {}"),
            at_least: sol(least) => says("keeps {}"),
        }
    }
}
