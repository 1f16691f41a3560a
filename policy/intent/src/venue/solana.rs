//! The Solana ledger.

mod address;
mod assertion;
mod asset;
mod detail;
mod draft;
mod fields;
mod heads;
mod nobodys;
mod nonce;
#[cfg(test)]
pub(crate) mod random;

pub use address::{Address, AddressError};
pub use assertion::{AssertedFact, Assertion};
pub(crate) use asset::KNOWN;
pub use asset::{Asset, WRAPPED_SOL_MINT};
pub use detail::{AuthorityKind, Detail, Launch, Quote, StakeOperation, Swap};
pub use draft::{Draft, assertions, details};
pub use nobodys::nobodys;
pub use nonce::Nonce;

/// What a signature may live by here.
pub type Resource = Nonce;
