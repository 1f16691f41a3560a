//! The decision: pure and synchronous.
//!
//! [`parse`] reads a policy; [`limit_keys`] says which windows a decision needs; [`decide()`]
//! judges an intent by values alone: no clock, no I/O, no randomness. Only an
//! [`Decision::Allow`] carries a [`Permit`], and nothing else makes one.

pub mod approval;
pub mod case;
mod cover;
mod decide;
mod decision;
pub mod diff;
mod differences;
mod document;
mod explain;
mod facts;
mod judge;
mod limit;
pub mod lint;
mod price;
#[cfg(test)]
mod random;
pub mod replay;
mod request;
pub mod rule;
mod set;
mod spending;
mod term;
pub mod usage;
mod wallet;

pub use decide::{decide, limit_keys};
pub use decision::{Ask, Decision, Denial, Permit, Reason, ReasonCode, Reservation};
pub use differences::differences;
pub use document::{DocumentError, nearest, parse};
pub use explain::{ExplainedEffect, ExplainedLimit, ExplainedRule, Explanation, Saying, explain};
pub use facts::{AddedDestination, Facts, Price, UsageView, WalletFacts};
pub use limit::{Cap, Limit, LimitKey, Per, Scope};
pub use rule::{Requirement, Rule, Then};
pub use set::{Destination, Group, LookupTables, PolicyAsset, PolicySet};
pub use term::manual;
pub use wallet::{MAX_WALLET_LIMITS, WrittenLimit, WrittenLimitError, tightens};
