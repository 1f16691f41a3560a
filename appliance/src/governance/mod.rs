//! The one mechanism for everything that needs people: withdrawals that policy holds, and changes
//! that loosen something.
//!
//! Each is an [`Ask`]: who asks, what (a digest), until when, and what the policy of *now* demands
//! for it. People's answers are a [`ConsentRecord`], one MACed row per ask: approvals, a
//! rejection, and the use it was put to. [`tally`] holds the one against the other. Nothing is
//! decided early: approvals carry the policy and the rosters they were given under, and count at
//! the moment of release only if these are still in force.
//!
//! * [`held`]: a sign request that policy holds, as the ledger keeps it, and how it reads now.
//! * [`change`]: a governed change; [`propose`] records it, [`apply`] puts it into effect in the
//!   very commit that marks its consent as used.
//! * [`approve`]: an approval or a rejection coming in.

pub mod also;
pub mod apply;
mod approve;
pub mod approver;
mod ask;
mod certificate;
pub mod change;
pub mod changeable;
mod consent;
pub mod cosigner;
mod digest;
mod error;
pub mod held;
pub mod open_changes;
mod policy;
mod propose;
pub mod restored;
mod tally;
mod unblock;
mod venue;
mod wallet_limits;

pub use approve::{Poster, ToSign, approve, reject, to_sign};
pub use ask::{Ask, Standing, load, opens_at};
pub use consent::{ConsentRecord, No, Use, Yes};
pub use digest::Digest32;
pub use error::GovernError;
pub use propose::{Proposal, propose};
pub use tally::{GroupTally, State, Tally, tally, values};

#[cfg(test)]
mod model;
